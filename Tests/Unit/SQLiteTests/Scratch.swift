// SPDX-License-Identifier: Apache-2.0

import Platform

/// A directory of one test, removed with everything in it when the test ends.
final class Scratch {
    let path: String
    let directory: any Directory
    private let parent: any Directory
    private let name: String

    init() throws {
        name = "breakwater-sqlite-" + Identifier(from: LinuxRandom()).description
        parent = try LinuxFileSystem().directory(at: "/tmp", .mustExist)
        directory = try parent.directory(name, .createIfMissing)
        path = "/tmp/" + name
    }

    deinit {
        for file in (try? directory.names(after: "", limit: 1000)) ?? [] {
            try? directory.remove(file)
        }
        try? parent.removeDirectory(name)
    }

    /// The path of a file in it.
    func file(_ name: String) -> String { path + "/" + name }

    /// All bytes of a file in it.
    func bytes(_ name: String) throws -> [UInt8] {
        let file = try directory.open(name, .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try file.read(into: &bytes, at: 0)
        return bytes
    }

    /// Makes a file in it hold exactly `bytes`.
    func write(_ bytes: [UInt8], to name: String) throws {
        let file = try directory.open(name, .writeOrCreate)
        try file.truncate(to: 0)
        try file.write(bytes.span, at: 0)
    }
}
