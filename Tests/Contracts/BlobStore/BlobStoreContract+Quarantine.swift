// SPDX-License-Identifier: Apache-2.0

import Blobs
import Crypto
import HTTP
import OCI
import Testing

extension BlobStoreContract {
    // I3: what was found corrupt is not served, and not in the way of what heals it.
    static let quarantine: [Clause<BlobStoreUnderTest>] = [
        Clause("a copy that is set aside is gone, also after a restart, until it is pushed again") {
            test in
            let store = try test.open()
            let digest = Digest.of([1])
            try await Self.store([1], in: store, generation: 2)
            try await Self.store([1], in: store, generation: 3)
            let copy = try #require(try await store.open(digest, generation: 2))
            #expect(try await Self.setAside(copy, of: digest, generation: 2, in: store))
            #expect(try await !Self.setAside(copy, of: digest, generation: 2, in: store))
            for store in [store, try test.open()] {
                #expect(try await store.stat(digest, generation: 2) == nil)
                #expect(try await store.open(digest, generation: 2) == nil)
                #expect(try await store.page(generation: 2, after: nil, limit: 9) == [])
                #expect(try await store.stat(digest, generation: 3) == 1)
            }
            try await Self.store([1], in: store, generation: 2)
            #expect(try await read(digest, generation: 2, from: store) == [1])
        },
        Clause("a copy that took the place of the corrupt one stays") { test in
            let store = try test.open()
            let digest = Digest.of([1])
            try await Self.store([1], in: store)
            let copy = try #require(try await store.open(digest, generation: 0))
            try await Self.store([1], in: store)
            #expect(try await !Self.setAside(copy, of: digest, in: store))
            #expect(try await read(digest, from: store) == [1])
        },
        Clause("one digest is set aside as often as it is found corrupt, and nothing goes for that")
        {
            test in
            let store = try test.open()
            let digest = Digest.of([1])
            for round in 1...3 as ClosedRange<UInt64> {
                try await Self.store([1], in: store)
                let copy = try #require(try await store.open(digest, generation: 0))
                #expect(try await Self.setAside(copy, of: digest, in: store))
                #expect(try await store.stat(digest, generation: 0) == nil)
                #expect(store.quarantineTotals == QuarantineTotals(count: round, bytes: round))
            }
            #expect(try await store.quarantined(after: "", limit: 9).count == 3)
        },
        Clause("what is set aside is listed with what, when and why, also after a restart") {
            test in
            let store = try test.open()
            for (index, flaw) in Flaw.allCases.enumerated() {
                let bytes = patterned(10 + index)
                try await Self.store(bytes, in: store, generation: 7)
                let digest = Digest.of(bytes)
                let copy = try #require(try await store.open(digest, generation: 7))
                #expect(
                    try await Self.setAside(copy, of: digest, generation: 7, in: store, flaw)
                )
            }
            let listed = try await store.quarantined(after: "", limit: 9)
            #expect(Set(listed.map(\.flaw)) == Set(Flaw.allCases))
            #expect(listed.allSatisfy { $0.generation == 7 && $0.milliseconds != nil })
            #expect(Set(listed.map(\.size)) == [10, 11, 12])
            for store in [store, try test.open()] {
                #expect(store.quarantineTotals == QuarantineTotals(count: 3, bytes: 33))
                var pages: [Quarantined] = []
                while let copy = try await store.quarantined(
                    after: pages.last?.name ?? "",
                    limit: 1
                ).first {
                    pages.append(copy)
                }
                #expect(pages == listed)
            }
        },
        Clause("what is purged is gone for ever, and nothing else is") { test in
            let store = try test.open()
            for number in 0..<3 as Range<UInt8> {
                try await Self.store([number], in: store)
                let digest = Digest.of([number])
                let copy = try #require(try await store.open(digest, generation: 0))
                #expect(try await Self.setAside(copy, of: digest, in: store))
                try await Self.store([number], in: store)
            }
            let listed = try await store.quarantined(after: "", limit: 9)
            let gone = Array(listed.prefix(2))
            #expect(try await store.purge(gone) == gone)
            #expect(try await store.purge(gone) == [])
            for store in [store, try test.open()] {
                #expect(try await store.quarantined(after: "", limit: 9) == [listed[2]])
                #expect(store.quarantineTotals == QuarantineTotals(count: 1, bytes: 1))
                #expect(try await store.page(generation: 0, after: nil, limit: 9).count == 3)
            }
        },
        Clause("a copy read for scrubbing has the same bytes, at any place") { test in
            let store = try test.open()
            let bytes = patterned(300_001)
            try await Self.store(bytes, in: store)
            let copy = try #require(
                try await store.open(Digest.of(bytes), generation: 0, for: .scrubbing)
            )
            #expect(copy.count == 300_001)
            for (position, limit) in [(0, 300_001), (4095, 2), (4096, 4096), (299_000, 5000)] {
                #expect(
                    try copy.read(at: UInt64(position), limit: limit)
                        == Array(bytes[position..<min(bytes.count, position + limit)])
                )
            }
            #expect(try await Self.setAside(copy, of: Digest.of(bytes), in: store))
        },
    ]

    private static func setAside(
        _ copy: any FileRegion,
        of digest: Digest,
        generation: UInt64 = 0,
        in store: any BlobStore,
        _ flaw: Flaw = .bytes
    ) async throws -> Bool {
        try await store.quarantine(copy, of: digest, generation: generation, because: flaw)
    }
}
