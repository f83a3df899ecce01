// SPDX-License-Identifier: Apache-2.0

import Platform

/// A directory of one test, removed with everything in it when the test ends.
final class Scratch {
    let path: String
    let files: any FileSystem = LinuxFileSystem()
    private let directory: any Directory
    private let parent: any Directory
    private let name: String

    init() throws {
        name = "breakwater-configuration-" + Identifier(from: LinuxRandom()).description
        parent = try files.directory(at: "/tmp", .mustExist)
        directory = try parent.directory(name, .createIfMissing)
        path = "/tmp/" + name
    }

    deinit {
        for file in (try? directory.names(after: "", limit: 1000)) ?? [] {
            try? directory.remove(file)
        }
        try? parent.removeDirectory(name)
    }

    /// Makes a file in it hold exactly `text`.
    func write(_ text: String, to name: String) throws {
        let file = try directory.open(name, .writeOrCreate)
        try file.truncate(to: 0)
        let bytes = Array(text.utf8)
        try file.write(bytes.span, at: 0)
    }
}
