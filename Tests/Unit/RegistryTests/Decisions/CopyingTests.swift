// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import Testing

@testable import Registry

@Suite struct `Deciding what is copied` {
    @Test func `an index is copied with its children and blobs, and nothing is uploaded again`()
        async throws
    {
        let test = try Fixture()
        let first = try await test.push("x", to: "a")
        let second = try await test.push("y", to: "a")
        let index = try await test.put(Fixture.index([first, second]), in: "a", tags: ["all"])
        let source = try Fixture.name("a")
        let target = try Fixture.name("team/b")
        let tag = try Fixture.tag("copied")
        try await test.registry.change(target, .copyImage(from: source, index, tag: tag))
        #expect(try test.tags("team/b") == ["copied"])
        for digest in [first, second, index] { #expect(try await test.has(digest, in: "team/b")) }
        for layer in ["x", "y"] {
            #expect(try await test.registry.blob(target, Fixture.digest(layer)) != nil)
        }
    }

    @Test func `what names comes after what is named, in one entry`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        let index = try await test.put(Fixture.index([image]), in: "a")
        let events = try test.decide(
            "b",
            .copyImage(from: try Fixture.name("a"), index, tag: try Fixture.tag("t"))
        ).get().events
        let order = events.compactMap { event -> String? in
            switch event {
            case .namespaceCreated: "namespace"
            case .blobLinked: "blob"
            case .manifestPut(_, let facts): facts.digest == index ? "index" : "image"
            case .tagPut: "tag"
            default: nil
            }
        }
        #expect(order == ["namespace", "blob", "blob", "image", "index", "tag"])
    }

    @Test func `what is there already is left as it is`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        try await test.push("x", to: "b")
        let events = try test.decide(
            "b",
            .copyImage(from: try Fixture.name("a"), image, tag: nil)
        ).get().events
        #expect(events.isEmpty)
    }

    @Test func `what the source has not is refused`() async throws {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        let unknown = Fixture.digest("unknown")
        let empty = try Fixture.name("empty")
        #expect(
            try test.decide("b", .copyImage(from: empty, image, tag: nil)).refusal
                == .nameUnknown(empty)
        )
        #expect(
            try test.decide("b", .copyImage(from: try Fixture.name("a"), unknown, tag: nil)).refusal
                == .manifestUnknown(unknown.description)
        )
    }

    @Test func `indexes nested too deep are refused`() async throws {
        let test = try Fixture()
        var digest = try await test.push("x", to: "a")
        for depth in 0..<8 {
            digest = try await test.put(Fixture.index([digest], "\(depth)"), in: "a")
        }
        guard
            case .tooLarge? = try test.decide(
                "b",
                .copyImage(from: try Fixture.name("a"), digest, tag: nil)
            ).refusal
        else {
            Issue.record("nine levels were taken")
            return
        }
    }
}
