// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Platform

/// A directory of one test, removed with everything in it when the last reference goes.
public final class TemporaryDirectory: Sendable {
    /// The directory's absolute path.
    public let path: String
    /// The directory, held open.
    public let directory: any Directory
    private let parent: any Directory
    private let name: String

    /// Makes one of a random name in `$TMPDIR`, or in `/tmp`.
    public init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        name = "breakwater-\(Identifier(from: LinuxRandom()))"
        parent = try LinuxFileSystem().directory(at: base, .mustExist)
        directory = try parent.directory(name, .createIfMissing)
        path = "\(base)/\(name)"
    }

    deinit {
        TemporaryDirectory.empty(directory)
        try? parent.removeDirectory(name)
    }

    /// All bytes of the file `name` in it.
    public func bytes(of name: String) throws -> [UInt8] {
        try directory.open(name, .read).all()
    }

    private static func empty(_ directory: any Directory) {
        for name in (try? directory.names(after: "", limit: .max)) ?? [] {
            do { try directory.remove(name) } catch {
                guard let child = try? directory.directory(name, .mustExist) else { continue }
                empty(child)
                try? directory.removeDirectory(name)
            }
        }
    }
}

extension File {
    /// Writes the bytes of an array.
    public func put(_ bytes: [UInt8], at offset: UInt64 = 0) throws(FileError) {
        try write(bytes.span, at: offset)
    }

    /// Reads up to `count` bytes.
    public func get(_ count: Int, at offset: UInt64 = 0) throws(FileError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0xee, count: count)
        let read = try read(into: &buffer, at: offset)
        return Array(buffer[..<read])
    }

    /// Reads the whole file.
    public func all() throws(FileError) -> [UInt8] {
        try get(Int(try size()))
    }
}

/// `count` bytes that follow from `seed` and do not repeat soon.
public func patterned(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        for index in 0..<count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            buffer[index] = UInt8(truncatingIfNeeded: state >> 24)
        }
        filled = count
    }
}
