// SPDX-License-Identifier: Apache-2.0

import Configuration
import Contracts
import Crypto
import HTTP
import Node
import OCI
import Platform
import Registry
import Testing

/// Data directories that earlier versions made, opened by this build (Tests/Golden/README.md).
@Suite(.ownThreads) struct `Golden data` {
    /// A version, and whether its server was stopped or killed.
    struct Made: CustomTestStringConvertible {
        var version: String
        var ending: String
        var testDescription: String { "\(version), \(ending)" }

        func text(_ name: String) throws -> String {
            let folder = try LinuxFileSystem().directory(at: root, .mustExist)
            return String(
                decoding: try folder.directory(version, .mustExist).open(name, .read).all(),
                as: UTF8.self
            )
        }

        /// Unpacks the data directory into `data` of a directory.
        func unpack(into directory: TemporaryDirectory) throws -> String {
            _ = try directory.directory.directory("data", .createIfMissing)
            let data = "\(directory.path)/data"
            let archive = "\(root)/\(version)/\(ending).tar.gz"
            let tar = try ChildProcess(
                ["tar", "-xzpf", archive, "-C", data],
                output: "\(directory.path)/tar"
            )
            #expect(tar.wait() == .exited(0))
            return data
        }
    }

    private static let root =
        #filePath.split(separator: "/").dropLast(3).reduce("") {
            "\($0)/\($1)"
        } + "/Golden"

    static let all: [Made] = {
        let names = try? LinuxFileSystem().directory(at: root, .mustExist)
            .names(after: "", limit: 1000)
        let versions = (names ?? []).filter { $0.first?.isNumber ?? false }
        return versions.flatMap { version in
            ["stopped", "killed"].map { Made(version: version, ending: $0) }
        }
    }()

    @Test func `is there for the first version`() {
        #expect(Self.all.contains { $0.version == "0.1.0" })
    }

    // I4, I11.
    @Test(arguments: all) func `means what it meant, and its entries mean it too`(
        _ made: Made
    ) async throws {
        let directory = try TemporaryDirectory()
        let data = try made.unpack(into: directory)
        let world = World.linux()
        func dump() throws -> String {
            var text = ""
            try Maintenance.dumpCatalog(at: data, world: world) { text += "\($0)\n" }
            return text
        }
        let expected = Self.tables(of: try made.text("dump"))
        #expect(expected.count > 9)
        for _ in 0..<2 {
            // A table that came later says nothing of what the data meant then.
            let found = Self.tables(of: try dump())
            for (table, rows) in expected { #expect(found[table] == rows, "\(table)") }
            try Maintenance.rebuildCatalog(at: data, world: world) { _, _ in }
        }
        let report = try await Maintenance.verifyContent(
            at: data,
            world: world,
            deep: true
        ) { _, _ in }
        #expect(report.isSound)
        #expect(report.named > 20)
    }

    /// The rows of each table of a dump, in their order.
    private static func tables(of dump: String) -> [String: [Substring]] {
        var tables: [String: [Substring]] = [:]
        var name = ""
        for line in dump.split(separator: "\n") {
            if line.hasPrefix("table ") {
                name = String(line)
                tables[name] = []
            } else {
                tables[name]?.append(line)
            }
        }
        return tables
    }

    // I3: the bytes of each manifest and of all it names are hashed here.
    @Test(arguments: all) func `is served, and what was gone is gone`(_ made: Made) async throws {
        let directory = try TemporaryDirectory()
        _ = try made.unpack(into: directory)
        let node = try await RunningNode(in: directory)
        let pulls = try made.text("pulls").split(separator: "\n").map { $0.split(separator: " ") }
        #expect(pulls.count > 10)
        for pull in pulls {
            let answer = try await node.ask("/v2/\(pull[0])/manifests/\(pull[1])")
            #expect(answer.status == Int(pull[2]), "\(pull)")
            guard answer.status == 200 else { continue }
            #expect(answer.headers["Docker-Content-Digest"] == String(pull[3]), "\(pull)")
            try hash(answer.body, is: String(pull[3]))
            let type = answer.headers["Content-Type"]
            for named in try Manifest.parse(answer.body, contentType: type).references
            where !MediaType.isExternal(named.mediaType) {
                let kind = MediaType.isManifest(named.mediaType) ? "manifests" : "blobs"
                let answer = try await node.ask("/v2/\(pull[0])/\(kind)/\(named.digest)")
                #expect(answer.status == 200)
                try hash(answer.body, is: "\(named.digest)")
            }
        }
        try node.stop()
    }

    @Test(arguments: all) func `has an upload that goes on where it was`(
        _ made: Made
    ) async throws {
        let directory = try TemporaryDirectory()
        _ = try made.unpack(into: directory)
        let lines = try made.text("upload").split(separator: "\n").map(String.init)
        let clocks = MadeThen(wall: try #require(UInt64(lines[0])))
        let node = try await RunningNode(in: directory, clocks: clocks)
        let status = try await node.ask(lines[1])
        #expect(status.status == 204)
        #expect(status.headers["Range"] == "0-15")
        let location = try #require(status.headers["Location"])
        let digest = Digest.of(Array("the first half, \(lines[2])".utf8))
        let query = location.contains("?") ? "&digest=\(digest)" : "?digest=\(digest)"
        let done = try await node.ask(location + query, "PUT", body: Array(lines[2].utf8))
        #expect(done.status == 201)
        #expect(try await node.ask("/v2/later/app/blobs/\(digest)").status == 200)
        try node.stop()
    }

    private func hash(_ bytes: [UInt8], is digest: String) throws {
        let named = try #require(Digest(digest))
        #expect(Digest.of(bytes, named.algorithm) == named)
    }
}

/// The moment golden data were made, so that an upload of then is not too old.
private struct MadeThen: Clocks {
    let wall: UInt64
    private let linux = LinuxClocks()

    init(wall: UInt64) { self.wall = wall }

    func wallMilliseconds() -> UInt64 { wall }
    func monotonic() -> Duration { linux.monotonic() }
    func sleep(for duration: Duration) async throws(CancellationError) {
        try await linux.sleep(for: duration)
    }
}
