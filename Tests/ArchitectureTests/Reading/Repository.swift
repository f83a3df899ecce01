// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The repository these tests were built from.
enum Repository {
    static let root: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(4)
        return "/" + parts.joined(separator: "/")
    }()

    /// Every text file of ours: the folders with code, scripts and documents, and the files on top.
    static let files: [SourceFile] = {
        var found: [String] = []
        for folder in ["Sources", "Tests", "docs", "script", ".ci"] {
            collect(folder, into: &found)
        }
        for name in names(of: ".") where name.hasSuffix(".md") || name.hasSuffix(".swift") {
            found.append(name)
        }
        return found.sorted().compactMap { path in
            text(of: path).map { SourceFile(path: path, text: $0) }
        }
    }()

    static var swiftFiles: [SourceFile] { files.filter(\.isSwift) }

    static func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }

    /// The text of a file, or nil if there is none or it is not UTF-8.
    static func text(of path: String) -> String? {
        bytes(of: root + "/" + path).flatMap { String(validating: $0, as: UTF8.self) }
    }

    static func bytes(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }

    static func exists(_ path: String) -> Bool { access(root + "/" + path, F_OK) == 0 }

    private static func collect(_ folder: String, into found: inout [String]) {
        for name in names(of: folder) {
            let path = folder + "/" + name
            if isFolder(path) {
                collect(path, into: &found)
            } else {
                found.append(path)
            }
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(root + "/" + path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func names(of folder: String) -> [String] {
        guard let directory = opendir(root + "/" + folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
