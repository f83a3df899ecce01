// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Journal
import OCI
import Testing

@testable import Registry

@Suite struct `Deciding what is deleted` {
    private func delete(_ digest: Digest, from name: String = "a", in test: Fixture) async throws {
        try await test.registry.changeWholly(try Fixture.name(name), .deleteManifest(digest))
    }

    @Test func `of a tag, the tag alone`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a", tags: ["v1", "v2"])
        let delete = Change.Action.deleteTag(try Fixture.tag("v1"))
        #expect(try await test.refusal("a", delete) == nil)
        #expect(try test.tags("a") == ["v2"])
        #expect(try await test.has(image, in: "a"))
        #expect(try await test.refusal("a", delete) == .manifestUnknown("v1"))
    }

    @Test func `of a manifest, it and the tags that point to it`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a", tags: ["v1", "v2"])
        let other = try await test.push("y", to: "a", tags: ["v3"])
        try await delete(image, in: test)
        #expect(try test.tags("a") == ["v3"])
        #expect(try await !test.has(image, in: "a"))
        #expect(try await test.has(other, in: "a"))
        #expect(
            try await test.refusal("a", .deleteManifest(image))
                == .manifestUnknown(image.description)
        )
    }

    @Test func `its referrers go with it, and theirs`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a", tags: ["v1"])
        let signature = try await test.push("signature", to: "a", subject: image)
        let seal = try await test.push("seal", to: "a", subject: signature)
        try await delete(image, in: test)
        for digest in [signature, seal] { #expect(try await !test.has(digest, in: "a")) }
    }

    @Test func `a referrer with a tag of its own stays`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        let kept = try await test.push("kept", to: "a", tags: ["mine"], subject: image)
        let below = try await test.push("below", to: "a", subject: kept)
        try await delete(image, in: test)
        #expect(try await test.has(kept, in: "a"))
        #expect(try await test.has(below, in: "a"))
        #expect(try test.tags("a") == ["mine"])
    }

    @Test func `cosign's tags and the fallback's go with it`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a", tags: ["v1"])
        let own = ["", ".sig", ".att", ".sbom"].map { "sha256-\(image.hex)\($0)" }
        var attached: [Digest] = []
        for (index, tag) in own.enumerated() {
            attached.append(try await test.push("attached \(index)", to: "a", tags: [tag]))
        }
        let other = Fixture.digest("something else").hex
        try await test.push("other", to: "a", tags: ["sha256-\(other).sig"])
        try await delete(image, in: test)
        #expect(try test.tags("a") == ["sha256-\(other).sig"])
        for digest in attached { #expect(try await !test.has(digest, in: "a")) }
    }

    @Test func `the operator may keep what refers to it`() async throws {
        let test = try Fixture { $0.registrar.keepsReferrers = true }
        let image = try await test.push("x", to: "a", tags: ["v1"])
        let referrer = try await test.push("r", to: "a", subject: image)
        try await test.push("s", to: "a", tags: ["sha256-\(image.hex).sig"])
        try await delete(image, in: test)
        #expect(try test.tags("a") == ["sha256-\(image.hex).sig"])
        #expect(try await test.has(referrer, in: "a"))
    }

    @Test func `the children of an index stay`() async throws {
        let test = try Fixture()
        let child = try await test.push("x", to: "a")
        let index = try await test.put(Fixture.index([child]), in: "a", tags: ["all"])
        try await delete(index, in: test)
        #expect(try await test.has(child, in: "a"))
    }

    @Test func `what a manifest still names is refused, naming the manifest`() async throws {
        let test = try Fixture()
        let child = try await test.push("x", to: "a", tags: ["x"])
        let index = try await test.put(Fixture.index([child]), in: "a")
        let blob = Fixture.digest("x")
        #expect(
            try await test.refusal("a", .deleteManifest(child)) == .stillNamed(child, by: index)
        )
        #expect(try await test.refusal("a", .deleteBlob(blob)) == .stillNamed(blob, by: child))
        try await delete(index, in: test)
        try await delete(child, in: test)
        #expect(try await test.refusal("a", .deleteBlob(blob)) == nil)
        #expect(try await test.refusal("a", .deleteBlob(blob)) == .blobUnknown(blob))
    }

    @Test func `being a subject is not being named`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        try await test.push("r", to: "a", tags: ["r"], subject: image)
        #expect(try await test.refusal("a", .deleteManifest(image)) == nil)
    }

    @Test func `a referrer that another manifest names stays with it`() async throws {
        // I2: of the two indexes one goes, as a referrer of its own, and one stays.
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        let shared = try await test.push("shared", to: "a", subject: image)
        var indexes: [Digest] = []
        for seed in 0..<6 {
            let subject = seed == 0 ? nil : image
            indexes.append(
                try await test.put(Fixture.index([shared], "\(seed)", subject: subject), in: "a")
            )
        }
        try await delete(image, in: test)
        #expect(try await test.has(shared, in: "a"))
        #expect(try await test.has(indexes[0], in: "a"))
        for gone in indexes.dropFirst() { #expect(try await !test.has(gone, in: "a")) }
    }

    @Test func `a referrer goes with everything that names it`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        let shared = try await test.push("shared", to: "a", subject: image)
        // The spec's fallback: an index of the referrers under a tag made of the subject's digest.
        let list = try await test.put(
            Fixture.index([shared]),
            in: "a",
            tags: ["sha256-\(image.hex)"]
        )
        try await delete(image, in: test)
        for digest in [shared, list] { #expect(try await !test.has(digest, in: "a")) }
        #expect(try test.tags("a").isEmpty)
    }

    @Test(arguments: [true, false])
    func `a referrer goes with its index, whichever of their digests is the smaller`(
        isSmaller: Bool
    ) async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        let referrer = try await test.push("referrer", to: "a", subject: image)
        // An index is looked at before or behind what it names, as its digest falls.
        let index = try #require(
            (0..<64).lazy.map { Fixture.index([referrer], "\($0)", subject: image) }
                .first { (referrer < Digest.of($0)) == isSmaller }
        )
        let list = try await test.put(index, in: "a")
        try await delete(image, in: test)
        for digest in [referrer, list] { #expect(try await !test.has(digest, in: "a")) }
    }

    /// A chain of manifests, each of which refers to the one before.
    private func chain(of count: Int, in test: Fixture) async throws -> [Digest] {
        let key = try await namedKey(test)
        let links = (0..<count).map { number in
            var facts = TestFacts.manifest("link \(number)", names: [])
            facts.subject = number == 0 ? nil : Fixture.digest("link \(number - 1)")
            return facts
        }
        for start in stride(from: 0, to: count, by: Decision.eventsMax) {
            let page = links[start..<min(count, start + Decision.eventsMax)]
            try test.append(page.map { .manifestPut(key, $0) })
        }
        return links.map(\.digest)
    }

    @Test func `referrers of referrers go in steps, the innermost first`() async throws {
        let test = try Fixture()
        let chain = try await chain(of: Decision.eventsMax + 500, in: test)
        let first = try test.decide("a", .deleteManifest(chain[0])).get()
        #expect(first.isPartial)
        let key = try await namedKey(test)
        guard case .manifestTrashed(key, let last, _, _)? = first.events.first else {
            Issue.record("no manifest goes: \(first.events)")
            return
        }
        #expect(last == chain[chain.count - 1])
        try await delete(chain[0], in: test)
        #expect(try test.registry.repositories(after: "", limit: 10).items.isEmpty)
    }

    @Test func `a chain of referrers without end is refused, and where to begin is said`()
        async throws
    {
        let test = try Fixture()
        let chain = try await chain(of: DeletionPlan.looksMax + 1000, in: test)
        guard
            case .failure(.tooLarge(let sentence)) = try test.decide("a", .deleteManifest(chain[0]))
        else {
            Issue.record("it is not refused for its length")
            return
        }
        let named = try #require(chain.firstIndex { sentence.hasSuffix($0.description) })
        #expect(named > DeletionPlan.looksMax)
        let first = try test.decide("a", .deleteManifest(chain[named])).get()
        #expect(first.events.count == chain.count - named)
    }

    @Test func `more than fits one entry goes in steps, the manifest last`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        let tags = try (0..<Decision.eventsMax + 500).map { try Fixture.tag("t\($0)") }
        let name = try Fixture.name("a")
        for start in stride(from: 0, to: tags.count, by: 500) {
            try await test.registry.change(name, .putTags(Array(tags[start..<start + 500]), image))
        }
        let first = try test.decide("a", .deleteManifest(image)).get()
        #expect(first.isPartial)
        #expect(first.events.count == Decision.eventsMax)
        #expect(first.events.last == .reasonGiven(DeletionStep.reason(image)))
        #expect(try await test.registry.change(name, .deleteManifest(image)).isPartial)
        #expect(try await test.has(image, in: "a"))
        #expect(try await !test.registry.change(name, .deleteManifest(image)).isPartial)
        #expect(try await !test.has(image, in: "a"))
        #expect(try test.tags("a").isEmpty)
    }

    @Test
    func
        `a repository whose manifests name much is deleted in steps, indexes before what they name`()
        async throws
    {
        let test = try Fixture()
        let key = try await namedKey(test)
        let names = (0..<Decision.referencesMax / 2).map { "part \($0)" }
        let images = (0..<5).map { TestFacts.manifest("image \($0)", names: names) }
        let index = TestFacts.manifest("index", names: (0..<5).map { "image \($0)" })
        try test.append(images.map { .manifestPut(key, $0) } + [.manifestPut(key, index)])
        func step() async throws -> [Digest] {
            let decision = try test.decide("a", .deleteRepository).get()
            try await test.registry.change(try Fixture.name("a"), .deleteRepository)
            return decision.events.compactMap { event in
                guard case .manifestTrashed(key, let digest, _, _) = event else { return nil }
                return digest
            }
        }
        #expect(try await step() == [index.digest])
        for count in [2, 2, 1] { #expect(try await step().count == count) }
        // One that names more than a step may end goes alone.
        let parts = (0...Decision.referencesMax).map { "part \($0)" }
        try test.append([
            .manifestPut(key, TestFacts.manifest("large", names: parts)),
            .manifestPut(key, TestFacts.manifest("small", names: ["part"])),
        ])
        #expect(try await step().count == 1)
        #expect(try await step().count == 1)
    }

    @Test func `a repository is emptied, and then unknown to its deleter`() async throws {
        let test = try Fixture()
        let child = try await test.push("x", to: "a", tags: ["x"])
        try await test.put(Fixture.index([child]), in: "a", tags: ["all"])
        try await test.push("x", to: "b", tags: ["x"])
        let name = try Fixture.name("a")
        try await test.registry.changeWholly(name, .deleteRepository)
        #expect(
            try test.registry.repositories(after: "", limit: 10).items.map(\.description) == ["b"]
        )
        #expect(try test.tags("a").isEmpty)
        #expect(try await test.registry.blob(name, Fixture.digest("x")) == nil)
        #expect(try await test.refusal("a", .deleteRepository) == .nameUnknown(name))
    }

    @Test func `a repository larger than an entry loses no manifest before what names it`()
        async throws
    {
        // I2 after each step: the indexes go before their children.
        let test = try Fixture()
        let name = try Fixture.name("a")
        let children = (0..<Decision.eventsMax).map { "child \($0)" }
        let key = try await namedKey(test)
        for start in stride(from: 0, to: children.count, by: 500) {
            try test.append(
                children[start..<start + 500].map { child in
                    .manifestPut(key, TestFacts.manifest(child, names: []))
                }
            )
        }
        let indexes = (0..<500).map { "index \($0)" }
        try test.append(
            indexes.enumerated().map { number, index in
                .manifestPut(key, TestFacts.manifest(index, names: [children[number]]))
            }
        )
        var steps = 0
        while try await test.registry.change(name, .deleteRepository).isPartial {
            steps += 1
            for (number, index) in indexes.enumerated() {
                let (isThere, hasChild) = try test.catalog.read { view throws(CatalogError) in
                    let row = try view.repository(name)
                    return (
                        try view.manifestContent(row?.number ?? 0, Fixture.digest(index)) != nil,
                        try view.manifestContent(row?.number ?? 0, Fixture.digest(children[number]))
                            != nil
                    )
                }
                #expect(!isThere || hasChild)
            }
        }
        #expect(steps > 0)
    }

    private func namedKey(_ test: Fixture) async throws -> RepositoryKey {
        try await test.blob("x", in: "a")
        let name = try Fixture.name("a")
        return try #require(
            try test.catalog.read { view throws(CatalogError) in try view.repository(name)?.key }
        )
    }
}

enum TestFacts {
    /// A manifest that names others as an index does.
    static func manifest(_ text: String, names: [String]) -> ManifestFacts {
        ManifestFacts(
            digest: Fixture.digest(text),
            size: 10,
            generation: .first,
            mediaType: MediaType.ociIndex,
            artifactType: nil,
            subject: nil,
            references: names.map {
                ManifestReference(role: .child, digest: Fixture.digest($0))
            }
        )
    }
}
