// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import HTTP
import Journal
import OCI
import Platform
import Testing

@testable import Registry

/// The same changes in several processes: the order of every `Set` and `Dictionary` differs between
/// them.
@Suite(.timeLimit(.minutes(10))) struct `The same changes in two processes` {
    // History 22: what is decided follows from the catalog and the change, and from nothing else.
    @Test func `come to the same entries, whatever the hash seed`() async throws {
        let directories = [try TemporaryDirectory(), try TemporaryDirectory()]
        for directory in directories {
            await #expect(processExitsWith: .success) { [path = directory.path as String] in
                try await Self.change(writingTo: path)
            }
        }
        let entries = try directories.map { try $0.bytes(of: "entries") }
        #expect(entries[0].count > 5_000)
        #expect(entries[0] == entries[1])
        #expect(try directories[0].bytes(of: "seed") != directories[1].bytes(of: "seed"))
    }

    private static func change(writingTo path: String) async throws {
        let test = try Fixture(random: CountedRandom())
        try await Self.changes(in: test)
        var bytes: [UInt8] = []
        for scope in Scope.allCases {
            bytes += try test.catalog.read { view throws(CatalogError) in
                try view.entries(scope, from: 1, limit: 1_000)
            }.flatMap(\.bytes)
        }
        let directory = try LinuxFileSystem().directory(at: path, .mustExist)
        try directory.open("entries", .writeOrCreate).put(bytes)
        try directory.open("seed", .writeOrCreate).put(Array("\("seed".hashValue)".utf8))
    }

    /// Each kind of change, with much to do in one decision.
    private static func changes(in test: Fixture) async throws {
        var images: [Digest] = []
        for number in 0..<12 {
            images.append(
                try await test.push("image \(number)", to: "team/app", tags: ["v\(number)"])
            )
        }
        let index = try await test.put(
            Fixture.index(images),
            in: "team/app",
            tags: ["a", "b", "c"]
        )
        for number in 0..<6 {
            try await test.push("about \(number)", to: "team/app", subject: images[0])
        }
        for suffix in ["sig", "att", "sbom"] {
            let tag = "sha256-\(images[0].hex).\(suffix)"
            try await test.push(suffix, to: "team/app", tags: [tag])
        }
        let copy = try Fixture.name("other/copy")
        let app = try Fixture.name("team/app")
        try await test.registry.changeWholly(
            copy,
            .copyImage(from: app, index, tag: try Fixture.tag("v1"))
        )
        for digest in [index, images[0]] {
            try await test.registry.changeWholly(app, .deleteManifest(digest))
        }
        try await test.registry.changeWholly(copy, .deleteRepository)
    }
}
