// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import Journal
import OCI
import Testing

@testable import Registry

@Suite struct `Conditions on a tag` {
    /// What the tag is before; what the request says; whether it goes on.
    struct Row: Sendable, CustomTestStringConvertible {
        var before: String?
        var field: String
        var value: String
        var isMet: Bool

        var testDescription: String { "\(field): \(value) of \(before ?? "nothing")" }
    }

    @Test(arguments: [
        Row(before: nil, field: "If-None-Match", value: "*", isMet: true),
        Row(before: "one", field: "If-None-Match", value: "*", isMet: false),
        Row(before: nil, field: "If-Match", value: "*", isMet: false),
        Row(before: "one", field: "If-Match", value: "*", isMet: true),
        Row(before: "one", field: "If-Match", value: "one", isMet: true),
        Row(before: "two", field: "If-Match", value: "one", isMet: false),
        Row(before: nil, field: "If-Match", value: "one", isMet: false),
        Row(before: "two", field: "If-None-Match", value: "one", isMet: true),
        Row(before: "one", field: "If-None-Match", value: "one", isMet: false),
        Row(before: "one", field: "If-Match", value: "\"unreadable", isMet: false),
    ])
    func `they compare with what the tag is at the head`(row: Row) async throws {
        let test = try Fixture()
        let images = [
            "one": try await test.push("one", to: "a"), "two": try await test.push("two", to: "a"),
        ]
        if let before = row.before {
            let digest = try #require(images[before])
            try await test.registry.change(
                try Fixture.name("a"),
                .putTags([try Fixture.tag("v1")], digest)
            )
        }
        let value = images[row.value].map { "\"\($0)\"" } ?? row.value
        let conditions = Preconditions(Headers([(row.field, value)]))
        let bytes = try await test.image("three", in: "a")
        let result = await outcome {
            try await test.put(bytes, in: "a", tags: ["v1"], conditions: conditions)
        }
        if row.isMet {
            #expect(result == nil)
        } else {
            #expect(result == .conditionFailed(row.before.flatMap { images[$0] }))
        }
        let deletion = try test.decide("a", .deleteTag(try Fixture.tag("v1"), conditions))
        if row.isMet, row.value == "*", row.field == "If-Match" {
            #expect(try deletion.get().events.count == 1)
        }
    }

    @Test func `one that finds its own digest there has succeeded before`() async throws {
        // History 3: the first answer was lost and the client asks again.
        let test = try Fixture()
        let bytes = try await test.image("one", in: "a")
        let create = Preconditions(Headers([("If-None-Match", "*")]))
        for _ in 0..<2 {
            try await test.put(bytes, in: "a", tags: ["v1"], conditions: create)
        }
        let other = try await test.image("two", in: "a")
        let refused = await outcome {
            try await test.put(other, in: "a", tags: ["v1"], conditions: create)
        }
        #expect(refused == .conditionFailed(Digest.of(bytes)))
    }

    @Test func `of many that compare and set one wins`() async throws {
        let test = try Fixture()
        let first = try await test.push("first", to: "a", tags: ["v1"])
        let condition = Preconditions(Headers([("If-Match", "\"\(first)\"")]))
        var contenders: [[UInt8]] = []
        for number in 0..<8 { contenders.append(try await test.image("\(number)", in: "a")) }
        let winners = await withTaskGroup { group in
            for bytes in contenders {
                group.addTask {
                    await outcome {
                        try await test.put(bytes, in: "a", tags: ["v1"], conditions: condition)
                    } == nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(winners == 1)
    }

    /// What a change is refused with; nil when it is made.
    private func outcome(_ change: () async throws -> Digest) async -> Refusal? {
        do {
            _ = try await change()
            return nil
        } catch RegistryError.refused(let refusal) {
            return refusal
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }
}
