// SPDX-License-Identifier: Apache-2.0

import Platform

/// A file that a command is given, or `-` for standard input.
enum PolicyFile {
    /// The most that is read of it; the server takes less.
    private static let sizeMax = 1 << 20

    /// Reads it whole; of one that is longer, as much as says so.
    static func read(_ path: String) throws(FileError) -> [UInt8] {
        guard path != "-" else { return try StandardStream.read(limit: sizeMax) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        let parent = parts.dropLast().joined(separator: "/")
        let directory = path.hasPrefix("/") ? "/" + parent : parent.isEmpty ? "." : parent
        let name = parts.last.map(String.init) ?? ""
        let bytes = try World.linux().files.directory(at: directory, .mustExist)
            .contents(of: name, limit: sizeMax)
        guard let bytes else {
            throw FileError(kind: .notFound, errno: 2, operation: "read '\(path)'")
        }
        return bytes
    }
}
