// SPDX-License-Identifier: Apache-2.0

import Contracts
import BlobsDisk
import Blobs
import Crypto
import HTTP
import Journal
import OCI
import Platform
import Testing

@testable import Registry

@Suite struct `Deciding what is put` {
    private let namespace = Identifier(high: 1, low: 1)

    private func receipt(_ text: String, of test: Fixture, generation: UInt64 = 2) -> Receipt {
        Receipt(
            store: test.blobs.id,
            digest: Fixture.digest(text),
            size: UInt64(text.utf8.count),
            generation: generation
        )
    }

    private func facts(_ references: [ManifestReference]) -> ManifestFacts {
        ManifestFacts(
            digest: Fixture.digest("manifest"),
            size: 8,
            generation: .first,
            mediaType: MediaType.ociManifest,
            artifactType: nil,
            subject: nil,
            references: references
        )
    }

    @Test func `the first link of a namespace makes it, in the same decision`() throws {
        let test = try Fixture()
        let decision = try test.decide("team/app", .linkBlob(receipt("a", of: test))).get()
        let key = RepositoryKey(namespace: namespace, path: "app")
        #expect(
            decision.events == [
                .namespaceCreated(namespace, name: "team"),
                .blobLinked(
                    key,
                    Fixture.digest("a"),
                    size: 1,
                    .first,
                    expires: test.clocks.wallMilliseconds() + ExpiryTimes().links
                ),
            ]
        )
    }

    @Test func `a link that is there needs no event`() async throws {
        let test = try Fixture()
        try await test.blob("a", in: "team/app")
        #expect(try test.decide("team/app", .linkBlob(receipt("a", of: test))).get().events.isEmpty)
    }

    /// The sweep may delete any older copy at any moment (I7).
    @Test(
        arguments: [(1, false), (4, false), (5, true), (6, true), (7, false)] as [(UInt64, Bool)]
    )
    func `a digest nobody names is named with a copy of the epoch or the one before alone`(
        generation: UInt64,
        isNamed: Bool
    ) throws {
        let test = try Fixture()
        try test.append([.sweepEpochRaised(6)])
        let decided = try test.decide(
            "a",
            .linkBlob(receipt("x", of: test, generation: generation))
        )
        if isNamed {
            #expect(try decided.get().events.count == 2)
        } else {
            #expect(decided.refusal == .receiptTooOld(Fixture.digest("x")))
        }
    }

    @Test func `a digest that has a row keeps its generation whatever the receipt says`()
        async throws
    {
        let test = try Fixture()
        try await test.blob("x", in: "a")
        try test.append([.sweepEpochRaised(9)])
        let events = try test.decide("b", .linkBlob(receipt("x", of: test, generation: 9))).get()
            .events
        guard case .blobLinked(_, _, _, let generation, _)? = events.last else {
            Issue.record("no link among \(events)")
            return
        }
        #expect(generation == .first)
    }

    @Test func `the word of a store that is not this one names nothing`() throws {
        // History 10b: a replaced disk is another store.
        let test = try Fixture()
        var stranger = receipt("x", of: test)
        stranger.store = Identifier(high: 9, low: 9)
        #expect(
            try test.decide("a", .linkBlob(stranger)).refusal
                == .receiptTooOld(Fixture.digest("x"))
        )
    }

    @Test(arguments: [ReferenceRole.config, .layer, .child])
    func `what a manifest names must be in its own repository`(role: ReferenceRole) async throws {
        // I2, and I9: that another repository has it does not count.
        let test = try Fixture()
        let elsewhere = try await test.push("x", to: "b")
        let blob = Fixture.digest("x")
        let named = role == .child ? elsewhere : blob
        let action = Change.Action.putManifest(
            facts([ManifestReference(role: role, digest: named)]),
            receipt("manifest", of: test),
            tags: [],
            nil
        )
        #expect(try test.decide("a", action).refusal == .referencesUnknown([named]))
        if role == .child {
            try await test.push("x", to: "a")
        } else {
            try await test.blob("x", in: "a")
        }
        #expect(try test.decide("a", action).refusal == nil)
    }

    @Test func `a blob is no manifest and a manifest is no blob`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        let blob = Fixture.digest("x")
        for reference in [
            ManifestReference(role: .child, digest: blob),
            ManifestReference(role: .layer, digest: image),
        ] {
            let decided = try test.decide(
                "a",
                .putManifest(facts([reference]), receipt("manifest", of: test), tags: [], nil)
            )
            #expect(decided.refusal == .referencesUnknown([reference.digest]))
        }
    }

    @Test func `a layer from elsewhere need not be there`() throws {
        let test = try Fixture()
        let foreign = ManifestReference(role: .external, digest: Fixture.digest("foreign"))
        let decided = try test.decide(
            "a",
            .putManifest(facts([foreign]), receipt("manifest", of: test), tags: [], nil)
        )
        #expect(decided.refusal == nil)
    }

    @Test func `a refusal lists as many digests as may be listed`() throws {
        let test = try Fixture()
        let references = (0..<100).map {
            ManifestReference(role: .layer, digest: Fixture.digest("\($0)"))
        }
        let decided = try test.decide(
            "a",
            .putManifest(facts(references), receipt("manifest", of: test), tags: [], nil)
        )
        let listed = references.prefix(Decision.namedMax).map(\.digest)
        #expect(decided.refusal == .referencesUnknown(Array(listed)))
    }

    @Test func `several tags are events of one decision`() throws {
        let test = try Fixture()
        let tags = try ["1", "1.2", "1.2.3", "latest"].map(Fixture.tag)
        let events = try test.decide(
            "a",
            .putManifest(facts([]), receipt("manifest", of: test), tags: tags, nil)
        ).get().events
        #expect(events.count == 2 + tags.count)
        #expect(
            events.suffix(4)
                == tags.map {
                    .tagPut(
                        RepositoryKey(namespace: namespace, path: ""),
                        $0,
                        Fixture.digest("manifest")
                    )
                }[...]
        )
    }

    @Test func `a put again asserts again, so that it is newer than what came between`()
        async throws
    {
        // History 13: the manifest, or the tag, has the stamp of the last put.
        let test = try Fixture()
        let bytes = try await test.image("x", in: "a")
        try await test.put(bytes, in: "a")
        try await test.put(bytes, in: "a")
        try await test.put(bytes, in: "a", tags: ["v1"])
        let last = try test.entries(.region).suffix(2).map(\.events)
        guard case .manifestPut? = last[0].first, case .tagPut? = last[1].first else {
            Issue.record("\(last)")
            return
        }
    }

    @Test func `past its deadline nothing is decided`() throws {
        // I5: what is late could undo something newer (history 3).
        let test = try Fixture()
        let now = test.clocks.wallMilliseconds()
        let action = Change.Action.linkBlob(receipt("x", of: test))
        #expect(try test.decide("a", action, deadline: now - 1).refusal == .pastDeadline)
        #expect(try test.decide("a", action, deadline: now).refusal == nil)
    }

    @Test func `a mount takes what the source sees and nothing else`() async throws {
        let test = try Fixture()
        let digest = try await test.blob("x", in: "a")
        let source = try Fixture.name("a")
        let empty = try Fixture.name("empty")
        #expect(try test.decide("b", .mountBlob(digest, from: source)).refusal == nil)
        #expect(try test.decide("b", .mountBlob(digest, from: nil)).refusal == nil)
        #expect(
            try test.decide("b", .mountBlob(digest, from: empty)).refusal == .blobUnknown(digest)
        )
        let other = Fixture.digest("other")
        for source in [source, nil] {
            #expect(
                try test.decide("b", .mountBlob(other, from: source)).refusal
                    == .blobUnknown(other)
            )
        }
    }

    @Test func `a mount without a source takes blobs, and no manifest for one`() async throws {
        let test = try Fixture()
        let manifest = try await test.push("x", to: "a", tags: ["v1"])
        for number in 0..<3 { try await test.blob("\(number)", in: "other/\(number)") }
        #expect(
            try test.decide("b", .mountBlob(manifest, from: nil)).refusal == .blobUnknown(manifest)
        )
        let layer = try test.decide("b", .mountBlob(Fixture.digest("x"), from: nil)).get()
        #expect(layer.events.count == 2)
    }

    @Test func `the region's entry has the estate's position it was decided at`() async throws {
        // History 20: the basis of a first push is the entry that made its namespace.
        let test = try Fixture()
        try await test.blob("x", in: "team/a")
        try await test.blob("x", in: "other/a")
        try await test.blob("y", in: "team/a")
        #expect(try test.entries(.estate).map(\.origin.position) == [1, 2])
        #expect(try test.entries(.region).map(\.basis) == [1, 2, 2])
        #expect(try test.entries(.estate).map(\.id) == test.entries(.region).prefix(2).map(\.id))
    }
}

extension Result where Failure == Refusal {
    var refusal: Refusal? {
        if case .failure(let refusal) = self { refusal } else { nil }
    }
}
