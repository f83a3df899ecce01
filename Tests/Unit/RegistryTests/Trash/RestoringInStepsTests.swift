// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Journal
import OCI
import Testing

@testable import Registry

@Suite struct `What was deleted or is restored in several entries` {
    private func restore(_ test: Fixture, _ digest: Digest) async throws -> Restored {
        try await test.registry.restore(try Fixture.name("app"), .digest(digest), because: "a test")
    }

    private func delete(_ test: Fixture, _ digest: Digest) async throws {
        try await test.registry.changeWholly(try Fixture.name("app"), .deleteManifest(digest))
    }

    /// More tags of an image than an entry has events.
    private func manyTags(of image: Digest, in test: Fixture) async throws -> [OCI.Tag] {
        let tags = try (0..<Decision.eventsMax + 300).map { try Fixture.tag("t\($0)") }
        let name = try Fixture.name("app")
        for start in stride(from: 0, to: tags.count, by: 500) {
            let end = min(start + 500, tags.count)
            try await test.registry.change(name, .putTags(Array(tags[start..<end]), image))
        }
        return tags
    }

    @Test func `an image with more tags than fit an entry comes back with all, and its referrer`()
        async throws
    {
        let test = try Fixture()
        let image = try await test.push("x", to: "app")
        let referrer = try await test.push("sbom", to: "app", subject: image)
        let tags = try await manyTags(of: image, in: test)
        let gone = try Fixture.tag("gone")
        try await test.registry.change(try Fixture.name("app"), .putTags([gone], image))
        try await test.registry.change(try Fixture.name("app"), .deleteTag(gone))
        try await delete(test, image)
        #expect(try test.tags("app").isEmpty)
        // The first step took it.
        let other = try await test.push("y", to: "app", tags: ["t0"])
        let restored = try await restore(test, image)
        #expect(Set(restored.manifests) == [image, referrer])
        #expect(restored.tags.count == tags.count - 1)
        #expect(
            restored.taken == [Restored.TakenTag(tag: try Fixture.tag("t0"), current: other)]
        )
        #expect(!restored.mayLackTags)
        #expect(try test.tags("app").count == tags.count)
    }

    @Test func `a restore that was broken off between two entries is done to its end by another`()
        async throws
    {
        let test = try Fixture()
        let image = try await test.push("x", to: "app", tags: ["gone"])
        try await test.registry.change(
            try Fixture.name("app"),
            .deleteTag(try Fixture.tag("gone"))
        )
        let tags = try await manyTags(of: image, in: test)
        try await delete(test, image)
        // The first entry of it, after which the process ended.
        let first = Restoration(
            manifests: [image],
            tags: tags.prefix(100).map { Restoration.TagReturn(tag: $0, digest: image) },
            leavesTaken: true,
            reason: "a test"
        )
        try await test.registry.change(try Fixture.name("app"), .restore(first))
        let restored = try await restore(test, image)
        #expect(restored.manifests.isEmpty)
        #expect(restored.tags.count == tags.count - 100)
        #expect(try test.tags("app").count == tags.count)
        await #expect(throws: RegistryError.self) { _ = try await restore(test, image) }
    }

    @Test func `a tag that is taken after a restore was planned stays, and the others come back`()
        async throws
    {
        let test = try Fixture()
        let image = try await test.push("x", to: "app", tags: ["v1", "v2"])
        try await delete(test, image)
        try await test.push("y", to: "app", tags: ["v1"])
        let (taken, free) = (try Fixture.tag("v1"), try Fixture.tag("v2"))
        let restoration = Restoration(
            manifests: [image],
            tags: [taken, free].map { Restoration.TagReturn(tag: $0, digest: image) },
            leavesTaken: true,
            reason: "a test"
        )
        let events = try test.decide("app", .restore(restoration)).get().events
        #expect(events.count == 3)
        let puts = events.compactMap { event -> OCI.Tag? in
            if case .tagPut(_, let tag, _) = event { tag } else { nil }
        }
        #expect(puts == [free])
    }

    @Test func `each manifest comes back in one entry with its tags, as far as they fit`()
        async throws
    {
        let test = try Fixture()
        let child = try await test.push("x", to: "app", tags: ["child"])
        let index = try await test.put(Fixture.index([child]), in: "app")
        _ = try await manyTags(of: index, in: test)
        try await delete(test, index)
        try await delete(test, child)
        _ = try await restore(test, index)
        let entry = try #require(
            try test.entries(.region).last { entry in
                entry.events.contains { event in
                    if case .manifestPut(_, let facts) = event {
                        facts.digest == child
                    } else {
                        false
                    }
                }
            }
        )
        let hasTag = entry.events.contains { event in
            if case .tagPut(_, _, child) = event { true } else { false }
        }
        #expect(hasTag)
    }

    @Test func `tags of an earlier deletion of the same image stay deleted`() async throws {
        let test = try Fixture()
        let name = try Fixture.name("app")
        let image = try await test.push("x", to: "app", tags: ["first"])
        _ = try await manyTags(of: image, in: test)
        try await test.registry.changeWholly(name, .deleteManifest(image))
        try await test.push("x", to: "app", tags: ["new"])
        try await test.registry.changeWholly(name, .deleteManifest(image))
        let restored = try await restore(test, image)
        #expect(restored.tags.map(\.tag.description) == ["new"] && !restored.mayLackTags)
    }

    @Test func `a tag that was asked for comes last, so that asking again does the rest`()
        async throws
    {
        let test = try Fixture()
        let name = try Fixture.name("app")
        let image = try await test.push("x", to: "app", tags: ["v1"])
        let signature = try await test.push("s", to: "app", subject: image)
        try await test.registry.changeWholly(name, .deleteManifest(image))
        let tag = try Fixture.tag("v1")
        let plan = try test.registry.read { view throws(CatalogError) -> [Restoration] in
            guard let row = try view.repository(name) else { return [] }
            var plan = RestorePlan(TrashLook(view: view, row: row, since: 0))
            do throws(TrashError) { try plan.add(tag, replaces: false) } catch { return [] }
            return plan.steps(because: "a test")
        }
        #expect(plan.flatMap(\.manifests) == [image, signature])
        #expect(plan.last?.tags.map(\.tag.description) == ["v1"])
    }

    @Test func `a signature that was deleted before the image stays deleted`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "app", tags: ["v1"])
        let cosign = try #require(image.companionTags.first { "\($0)".hasSuffix(".sig") })
        let signature = try await test.push("sig", to: "app", tags: [cosign.description])
        let revoked = try await test.push("revoked", to: "app", subject: image)
        let kept = try await test.push("kept", to: "app", subject: image)
        try await delete(test, signature)
        try await delete(test, revoked)
        try await delete(test, image)
        let restored = try await restore(test, image)
        #expect(Set(restored.manifests) == [image, kept])
        #expect(try test.tags("app") == ["v1"])
        for digest in [signature, revoked] {
            #expect(try await !test.has(digest, in: "app"))
            // The trash has them still.
            #expect(try await restore(test, digest).manifests == [digest])
        }
    }

    @Test func `a repository comes back although more than a plan holds in front cannot`()
        async throws
    {
        let test = try Fixture()
        let name = try Fixture.name("app")
        let image = try await test.push("x", to: "app")
        // Behind almost all others in the order of digests.
        let bytes = try #require(
            (0..<10_000).lazy.map { Fixture.index([image], "\($0)") }
                .first { Digest.of($0).hex.hasPrefix("ff") }
        )
        let index = try await test.put(bytes, in: "app", tags: ["all"])
        let key = try #require(
            try test.catalog.read { view throws(CatalogError) in try view.repository(name)?.key }
        )
        // The store has no copy of these.
        let lost = (0..<RestorePlan.manifestsMax + 600).map {
            TestFacts.manifest("lost \($0)", names: [])
        }
        for start in stride(from: 0, to: lost.count, by: 1000) {
            let end = min(start + 1000, lost.count)
            try test.append(lost[start..<end].map { .manifestPut(key, $0) })
        }
        try await test.registry.changeWholly(name, .deleteRepository)
        let restored = try await test.registry.restoreRepository(name, because: "a test")
        #expect(Set(restored.manifests) == [image, index])
        #expect(restored.tags.map(\.tag.description) == ["all"])
        #expect(restored.left.count == lost.count)
        #expect(!restored.mayLackTags)
    }
}
