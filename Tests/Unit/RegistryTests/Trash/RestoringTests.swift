// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Journal
import OCI
import Platform
import Testing

@testable import Registry

@Suite struct `What is taken back from the trash` {
    private let day = Duration.seconds(86_400)

    private func restore(
        _ test: Fixture,
        _ reference: Reference,
        force: Bool = false
    ) async throws -> Restored {
        try await test.registry.restore(
            try Fixture.name("app"),
            reference,
            force: force,
            because: "a test"
        )
    }

    private func refusal(_ body: () async throws -> Void) async throws -> Refusal? {
        do {
            try await body()
            return nil
        } catch RegistryError.refused(let refusal) {
            return refusal
        }
    }

    private func delete(_ test: Fixture, _ digest: Digest) async throws {
        try await test.registry.changeWholly(try Fixture.name("app"), .deleteManifest(digest))
    }

    private func content(_ test: Fixture, _ reference: Reference) async throws -> [UInt8]? {
        try await test.registry.manifest(try Fixture.name("app"), reference)?.bytes
    }

    @Test func `an image comes back by digest, with its tags and blobs, days after it was deleted`()
        async throws
    {
        let test = try Fixture()
        let digest = try await test.push("x", to: "app", tags: ["v1", "v2"])
        let bytes = try await content(test, .digest(digest))
        try await delete(test, digest)
        #expect(try await !test.has(digest, in: "app"))
        test.clocks.advance(day * 2)
        // Its links have ended by then; the trash has the content still.
        #expect(try await test.registry.expireDue().links == 2)
        let restored = try await restore(test, .digest(digest))
        #expect(restored.manifests == [digest])
        #expect(restored.tags.map(\.tag.description) == ["v1", "v2"])
        #expect(try await content(test, .tag(try Fixture.tag("v2"))) == bytes)
        let name = try Fixture.name("app")
        #expect(try await test.registry.blob(name, Fixture.digest("x"), promise: true) != nil)
        #expect(try test.registry.trash(name, after: nil, limit: 9)?.isEmpty == true)
        let reasons = try test.entries(.region).last?.events.last
        #expect(reasons == .reasonGiven("a test"))
        // Nothing of it ends by itself again.
        test.clocks.advance(day * 40)
        let round = try await test.registry.expireDue()
        #expect(round.links == 0 && round.trash == 0 && round.failures.isEmpty)
    }

    @Test func `tags that are taken meanwhile are left and told (F-ICR-16)`() async throws {
        let test = try Fixture()
        let old = try await test.push("x", to: "app", tags: ["v1", "v2"])
        try await delete(test, old)
        let new = try await test.push("y", to: "app", tags: ["v1"])
        let restored = try await restore(test, .digest(old))
        #expect(restored.tags.map(\.tag.description) == ["v2"])
        #expect(
            restored.taken == [Restored.TakenTag(tag: try Fixture.tag("v1"), current: new)]
        )
        #expect(try await content(test, .tag(try Fixture.tag("v1"))) != nil)
        #expect(try test.tags("app") == ["v1", "v2"])
    }

    @Test func `tags that were deleted before the image stay deleted`() async throws {
        let test = try Fixture()
        let digest = try await test.push("x", to: "app", tags: ["v1", "v2"])
        try await test.registry.change(
            try Fixture.name("app"),
            .deleteTag(try Fixture.tag("v1"))
        )
        try await delete(test, digest)
        _ = try await restore(test, .digest(digest))
        #expect(try test.tags("app") == ["v2"])
    }

    @Test func `an index comes back with its children, and its signatures with it (R-ICR-20)`()
        async throws
    {
        let test = try Fixture()
        let child = try await test.push("x", to: "app")
        let index = try await test.put(Fixture.index([child]), in: "app", tags: ["all"])
        let referrer = try await test.push("sbom", to: "app", subject: index)
        let further = try await test.push("signed sbom", to: "app", subject: referrer)
        let cosign = try #require(index.companionTags.first { "\($0)".hasSuffix(".sig") })
        let signature = try await test.push("sig", to: "app", tags: [cosign.description])
        try await delete(test, index)
        try await delete(test, child)
        for digest in [child, index, referrer, further, signature] {
            #expect(try await !test.has(digest, in: "app"))
        }
        let restored = try await restore(test, .digest(index))
        #expect(Set(restored.manifests) == [child, index, referrer, further, signature])
        #expect(
            restored.manifests.firstIndex(of: child)! < restored.manifests.firstIndex(of: index)!
        )
        for digest in [child, index, referrer, further, signature] {
            #expect(try await test.has(digest, in: "app"))
        }
        #expect(try test.tags("app") == ["all", cosign.description].sorted())
    }

    @Test func `a tag that was deleted comes back, alone`() async throws {
        let test = try Fixture()
        let digest = try await test.push("x", to: "app", tags: ["v1", "v2"])
        let name = try Fixture.name("app")
        for tag in ["v1", "v2"] {
            try await test.registry.change(name, .deleteTag(try Fixture.tag(tag)))
        }
        let restored = try await restore(test, .tag(try Fixture.tag("v1")))
        #expect(restored.manifests.isEmpty)
        #expect(try test.tags("app") == ["v1"])
        #expect(try await test.has(digest, in: "app"))
        try await delete(test, digest)
        _ = try await restore(test, .tag(try Fixture.tag("v1")))
        #expect(try test.tags("app") == ["v1"])
        #expect(try await test.has(digest, in: "app"))
    }

    @Test func `a tag that is alive is overwritten by force alone, and back again (F-ICR-17)`()
        async throws
    {
        let test = try Fixture()
        let tag = try Fixture.tag("v1")
        let old = try await test.push("x", to: "app", tags: ["v1"])
        let new = try await test.push("y", to: "app", tags: ["v1"])
        let refused = try await refusal { _ = try await restore(test, .tag(tag)) }
        #expect(refused == .tagTaken(tag, new))
        _ = try await restore(test, .tag(tag), force: true)
        #expect(try await content(test, .tag(tag)) == content(test, .digest(old)))
        // What it was is what it can be again.
        _ = try await restore(test, .tag(tag), force: true)
        #expect(try await content(test, .tag(tag)) == content(test, .digest(new)))
    }

    @Test func `what is not in the trash, or left it, is refused`() async throws {
        let test = try Fixture()
        let digest = try await test.push("x", to: "app", tags: ["v1"])
        let tag = try Fixture.tag("v1")
        let live = try await refusal { _ = try await restore(test, .digest(digest)) }
        #expect(live == .notInTrash(digest.description))
        #expect(
            try await refusal { _ = try await restore(test, .tag(tag)) } == .notInTrash("v1")
        )
        try await delete(test, digest)
        test.clocks.advance(day * 31)
        _ = try await test.registry.expireDue()
        for reference in [Reference.digest(digest), .tag(tag)] {
            #expect(
                try await refusal { _ = try await restore(test, reference) }
                    == .notInTrash("\(reference == .tag(tag) ? "v1" : digest.description)")
            )
        }
    }

    @Test func `an image whose content is gone is refused, and what is gone is named`()
        async throws
    {
        let test = try Fixture()
        let child = try await test.push("x", to: "app")
        let index = try await test.put(Fixture.index([child]), in: "app")
        let name = try Fixture.name("app")
        try await delete(test, index)
        try await delete(test, child)
        // The store lost a blob.
        let layer = Fixture.digest("x")
        let generation = try #require(
            try test.catalog.read { view throws(CatalogError) in try view.content(layer) }
        ).generation
        _ = try await test.blobs.delete([layer], generation: generation.number)
        #expect(
            try await refusal { _ = try await restore(test, .digest(index)) }
                == .contentGone([layer])
        )
        // The trash let go of the child.
        _ = try await test.registry.purge(name, child, because: "a test")
        #expect(
            try await refusal { _ = try await restore(test, .digest(index)) }
                == .contentGone([child])
        )
        #expect(try await !test.has(index, in: "app"))
    }

    @Test func `deciding looks again at what a plan was made of (I2)`() async throws {
        let test = try Fixture()
        let child = try await test.push("x", to: "app")
        let index = try await test.put(Fixture.index([child]), in: "app", tags: ["v1"])
        try await delete(test, index)
        try await delete(test, child)
        var restoration = Restoration(manifests: [index], reason: "a test")
        #expect(
            try test.decide("app", .restore(restoration)) == .failure(.contentGone([child]))
        )
        restoration.manifests = [child, index]
        #expect(try test.decide("app", .restore(restoration)).get().events.count == 3)
        let tag = try Fixture.tag("v1")
        restoration.tags = [.init(tag: tag, digest: index, replacing: child)]
        #expect(
            try test.decide("app", .restore(restoration)) == .failure(.tagTaken(tag, nil))
        )
        restoration.manifests = []
        restoration.tags = [.init(tag: tag, digest: index, replacing: nil)]
        #expect(
            try test.decide("app", .restore(restoration))
                == .failure(.notInTrash(index.description))
        )
    }

    @Test func `a repository comes back as it was, without what was deleted before`()
        async throws
    {
        let test = try Fixture()
        let name = try Fixture.name("app")
        let before = try await test.push("before", to: "app", tags: ["before"])
        try await delete(test, before)
        let child = try await test.push("x", to: "app", tags: ["x"])
        let index = try await test.put(Fixture.index([child]), in: "app", tags: ["all"])
        try await test.registry.changeWholly(name, .deleteRepository)
        let restored = try await test.registry.restoreRepository(name, because: "a test")
        #expect(restored.manifests == [child, index])
        #expect(try test.tags("app") == ["all", "x"])
        #expect(try await !test.has(before, in: "app"))
        // Only the newest deletion is taken back.
        try await delete(test, index)
        try await test.registry.changeWholly(name, .deleteRepository)
        let again = try await test.registry.restoreRepository(name, because: "a test")
        #expect(again.manifests == [child])
        #expect(again.tags.map(\.tag.description) == ["x"])
        #expect(
            try await refusal {
                _ = try await test.registry.restoreRepository(name, because: "a test")
            } == .notInTrash("app")
        )
    }

    @Test func `a repository larger than an entry comes back whole`() async throws {
        let test = try Fixture()
        let name = try Fixture.name("app")
        let image = try await test.push("x", to: "app")
        let tags = try (0..<Decision.eventsMax + 300).map { try Fixture.tag("t\($0)") }
        for start in stride(from: 0, to: tags.count, by: 500) {
            let end = min(start + 500, tags.count)
            try await test.registry.change(name, .putTags(Array(tags[start..<end]), image))
        }
        try await test.registry.changeWholly(name, .deleteRepository)
        let restored = try await test.registry.restoreRepository(name, because: "a test")
        #expect(restored.manifests == [image])
        #expect(restored.tags.count == tags.count)
        #expect(try test.tags("app").count == tags.count)
    }

    @Test func `an image of a repository larger than an entry comes back by digest with its tags`()
        async throws
    {
        let test = try Fixture()
        let name = try Fixture.name("app")
        let image = try await test.push("x", to: "app", tags: ["gone"])
        try await test.registry.change(name, .deleteTag(Fixture.tag("gone"), nil))
        let other = try await test.push("y", to: "app")
        let tags = try (0..<Decision.eventsMax + 300).map { try Fixture.tag("t\($0)") }
        for start in stride(from: 0, to: tags.count, by: 500) {
            let end = min(start + 500, tags.count)
            let half = (end + start) / 2
            try await test.registry.change(name, .putTags(Array(tags[start..<half]), image))
            try await test.registry.change(name, .putTags(Array(tags[half..<end]), other))
        }
        try await test.registry.changeWholly(name, .deleteRepository)
        try await test.push("elsewhere", to: "other", tags: ["v1"])
        let restored = try await test.registry.restore(name, .digest(image), because: "a test")
        #expect(restored.manifests == [image])
        // Those that it had at the end, and not the one that was deleted before.
        #expect(restored.tags.count == tags.count / 2)
        #expect(restored.tags.contains { $0.tag.description == "t0" })
        #expect(!restored.tags.contains { $0.tag.description == "gone" })
        #expect(try test.tags("app").count == tags.count / 2)
    }

    @Test func `tags that had other values are listed as long as they can be had back`()
        async throws
    {
        let test = try Fixture()
        let name = try Fixture.name("app")
        let old = try await test.push("x", to: "app", tags: ["v1"])
        try await test.push("y", to: "app", tags: ["v1"])
        let page = try #require(try test.registry.trashedTags(name, after: nil, limit: 9))
        #expect(page.tags.map(\.digest) == [old])
        #expect(page.tags.map(\.isDeleted) == [false])
        try await delete(test, old)
        #expect(try test.registry.trashedTags(name, after: nil, limit: 9)?.tags.count == 1)
        _ = try await test.registry.purge(name, old, because: "a test")
        #expect(try test.registry.trashedTags(name, after: nil, limit: 9)?.tags.count == 0)
        let names = try test.registry.trashedRepositories(after: 0, limit: 9)
        #expect(names.isEmpty)
    }

    @Test func `a repository is listed for its deleted tags alone as long as they can be had back`()
        async throws
    {
        let test = try Fixture()
        for (path, tags) in [("one", ["a", "b", "c"]), ("two", ["a"]), ("three", [])] {
            let image = try await test.push(path, to: path, tags: tags + ["kept"])
            let name = try Fixture.name(path)
            for tag in tags {
                try await test.registry.change(name, .deleteTag(try Fixture.tag(tag)))
            }
            if path == "three" {
                try await test.registry.changeWholly(name, .deleteManifest(image))
            }
        }
        // What is back is not counted.
        try await test.push("one", to: "one", tags: ["c"])
        func listed(after number: Int64 = 0, limit: Int = 9) throws -> [TrashedRepository] {
            try test.registry.trashedRepositories(after: number, limit: limit)
        }
        let all = try listed()
        #expect(all.map(\.name.description) == ["one", "two", "three"])
        #expect(all.map(\.tags) == [2, 1, 1])
        #expect(all.map(\.manifests) == [0, 0, 1])
        #expect(try listed(limit: 2) == Array(all.prefix(2)))
        #expect(try listed(after: all[0].number, limit: 1) == [all[1]])
    }
}
