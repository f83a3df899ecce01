// SPDX-License-Identifier: Apache-2.0

import Blobs
import Journal
import Catalog
import Contracts
import OCI
import Platform
import SQLite
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Reading content` {
    private func name() throws -> RepositoryName { try Fixture.name("a") }

    /// The files of a digest's copies.
    private func file(of digest: Digest, in test: Fixture) throws -> any File {
        let row = try #require(
            try test.catalog.read { view throws(CatalogError) in try view.content(digest) }
        )
        let number = String(row.generation.number)
        let generation = String(repeating: "0", count: 20 - number.count) + number
        return try test.temporary.directory.directory("blobs", .mustExist)
            .directory(generation, .mustExist)
            .directory(digest.algorithm.name, .mustExist)
            .directory(String(digest.hex.prefix(2)), .mustExist)
            .open(digest.hex, .write)
    }

    private func damage(_ digest: Digest, in test: Fixture) throws {
        let file = try file(of: digest, in: test)
        var bytes = try file.all()
        bytes[0] ^= 1
        try file.put(bytes)
    }

    @Test func `a damaged copy is never given out, and pushing again heals it`() async throws {
        // I3.
        let test = try Fixture()
        let bytes = try await test.image("x", in: "a")
        let digest = try await test.put(bytes, in: "a", tags: ["v1"])
        try damage(digest, in: test)
        try damage(Fixture.digest("x"), in: test)
        for _ in 0..<2 {
            await expectLost(digest) { _ = try await test.registry.manifest(.a, .digest(digest)) }
            await expectLost(Fixture.digest("x")) {
                _ = try await test.registry.blob(.a, Fixture.digest("x"))
            }
        }
        try await test.blob("x", in: "a")
        try await test.put(bytes, in: "a")
        #expect(try await test.registry.manifest(try name(), .digest(digest))?.bytes == bytes)
        #expect(try await test.registry.blob(try name(), Fixture.digest("x")) != nil)
    }

    @Test func `a copy that is cut short is lost, and one that cannot be read is not`() async throws
    {
        let test = try Fixture { $0.cachedBlobMax = 3 }
        for text in ["x", "a larger blob"] {
            let digest = try await test.blob(text, in: "a")
            try file(of: digest, in: test).truncate(to: 0)
            await expectLost(digest) { _ = try await test.registry.blob(.a, digest) }
        }
        let unreadable = try await test.blob("y", in: "a")
        test.files.faults.fail(.read)
        // Lost would be 404 to a HEAD, for something that a client was told is there (I5).
        let failure = await #expect(throws: RegistryError.self) {
            _ = try await test.registry.blob(.a, unreadable)
        }
        guard case .blobs(.trouble(_))? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(try await test.registry.blob(.a, unreadable) != nil)
    }

    @Test func `what was read from a wrong table is not given out after a rebuild`() async throws {
        // I5: the tables are wrong here, not the entries.
        let test = try Fixture()
        let right = try await test.push("x", to: "a", tags: ["v1"])
        let wrong = try await test.push("y", to: "a", tags: ["v2"])
        let connection = try Connection(
            path: "\(test.temporary.path)/\(Catalog.fileName)",
            mode: .readWrite
        )
        try connection.execute(
            """
            UPDATE tags SET digest = (SELECT digest FROM tags WHERE name = 'v2') WHERE name = 'v1'
            """
        )
        try connection.close()
        let tag = try Fixture.tag("v1")
        #expect(try await test.registry.manifest(.a, .tag(tag))?.digest == wrong)
        try await test.registry.rebuildCatalog { _, _ in }
        #expect(try await test.registry.manifest(.a, .tag(tag))?.digest == right)
    }

    @Test func `what a change ended is not given out from memory`() async throws {
        // I5, for each kind of key.
        let test = try Fixture()
        let image = try await test.push("x", to: "a", tags: ["v1"])
        let other = try await test.push("y", to: "a")
        let blob = try await test.blob("alone", in: "a")
        let tag = try Fixture.tag("v1")
        func readAll() async throws -> [Digest?] {
            [
                try await test.registry.manifest(.a, .tag(tag))?.digest,
                try await test.registry.manifest(.a, .digest(image))?.digest,
                try await test.registry.blob(.a, blob).map { _ in blob },
            ]
        }
        #expect(try await readAll() == [image, image, blob])
        try await test.registry.change(.a, .putTags([tag], other))
        #expect(try await readAll() == [other, image, blob])
        try await test.registry.change(.a, .deleteBlob(blob))
        #expect(try await readAll() == [other, image, nil])
        try await test.registry.changeWholly(.a, .deleteManifest(image))
        #expect(try await readAll() == [other, nil, nil])
        try await test.registry.change(.a, .deleteTag(tag))
        #expect(try await readAll() == [nil, nil, nil])
    }

    @Test func `small content is in memory once it was read, large content never`() async throws {
        let test = try Fixture { $0.cachedBlobMax = 5 }
        // Memory has no times: a blob that no manifest names, which ends by itself, is not kept there.
        let loose = try await test.blob("loose", in: "a")
        try await test.push("small", to: "a")
        try await test.push("larger", to: "a")
        let (small, large) = (Fixture.digest("small"), Fixture.digest("larger"))
        for digest in [loose, small, large] {
            #expect(test.registry.inMemory("/v2/a/blobs/\(digest)") == nil)
            _ = try await test.registry.blob(.a, digest)
        }
        #expect(test.registry.inMemory("/v2/a/blobs/\(small)")?.bytes == Array("small".utf8))
        #expect(test.registry.inMemory("/v2/a/blobs/\(large)") == nil)
        #expect(test.registry.inMemory("/v2/a/blobs/\(loose)") == nil)
        let statistics = test.registry.cacheStatistics
        #expect(statistics.answers == 1 && statistics.hits == 1 && statistics.misses == 3)
    }

    @Test func `the canary is read past the cache, and its result shared for a second`()
        async throws
    {
        let test = try Fixture()
        let canary = Canary(test.registry)
        #expect(await canary.failure() != nil)
        try await canary.place()
        try await canary.place()
        #expect(try test.entries(.region).count == 3)
        test.clocks.advance(.seconds(1))
        #expect(await canary.failure() == nil)
        #expect(test.registry.inMemory("/v2/_breakwater/canary/manifests/latest") == nil)
        let linked = try test.catalog.read { view throws(CatalogError) -> [Digest] in
            guard let row = try view.repository(.canary) else { return [] }
            return try view.links(row.number, after: nil, limit: 1)
        }
        let layer = try #require(linked.first)
        try damage(layer, in: test)
        #expect(await canary.failure() == nil)
        test.clocks.advance(.seconds(1))
        #expect(await canary.failure() != nil)
    }

    private func expectLost(
        _ digest: Digest,
        _ location: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("\(digest) was given out", sourceLocation: location)
        } catch RegistryError.contentLost(let lost, _) {
            #expect(lost == digest, sourceLocation: location)
        } catch {
            Issue.record("\(error)", sourceLocation: location)
        }
    }
}

extension RepositoryName {
    /// The name that most tests here use.
    static var a: RepositoryName {
        guard let name = RepositoryName("a") else { preconditionFailure("a is a name") }
        return name
    }
}
