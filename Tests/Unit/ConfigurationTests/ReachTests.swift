// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import Configuration

@Suite struct `Keys of the configuration` {
    /// Keys that `Rules` ask, and nobody else.
    private static let asked: Set<String> = ["insecure", "open"]
    private static let root = #filePath.split(separator: "/").dropLast(4).reduce("") {
        "\($0)/\($1)"
    }

    @Test func `each is read by the node or the command that it is for`() throws {
        let readers = try [
            "Sources/Node/Node/Listeners", "Sources/Node/Node/Telemetry", "Sources/Node/Node/Care",
            "Sources/Node/Node",
        ]
        .map(Self.text).joined()
        let idle = KeyTable.keys.map(\.path).filter { path in
            !Self.asked.contains(path) && !readers.contains(Self.member(path))
        }
        #expect(idle.isEmpty)
    }

    /// How Swift calls it: `requests.manifest-size` is `requests.manifestSize`.
    private static func member(_ path: String) -> String {
        guard path != "public-url" else { return "publicURL" }
        let words = path.split(separator: "-")
        return words.dropFirst().reduce(String(words[0])) { name, word in
            name + word.prefix(1).uppercased() + word.dropFirst()
        }
    }

    /// All Swift files of a folder.
    private static func text(_ folder: String) throws -> String {
        let directory = try LinuxFileSystem().directory(at: "\(root)/\(folder)", .mustExist)
        return try directory.names(after: "", limit: 1_000).filter { $0.hasSuffix(".swift") }
            .map { name in
                let file = try directory.open(name, .read)
                var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
                let count = try file.read(into: &bytes, at: 0)
                return String(decoding: bytes[..<count], as: UTF8.self)
            }
            .joined()
    }
}
