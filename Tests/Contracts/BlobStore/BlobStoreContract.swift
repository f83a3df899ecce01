// SPDX-License-Identifier: Apache-2.0

public import Blobs
import Crypto
import HTTP
import OCI
import Platform
import Testing

/// What a clause of `BlobStoreContract` works on.
public struct BlobStoreUnderTest: Sendable {
    /// Opens the store as a new process does, over what the one before left.
    ///
    /// Before the first call it is empty; what an earlier call returned is used no more.
    public let open: @Sendable () throws -> any BlobStore

    /// Makes one of a way to open the store.
    public init(_ open: @escaping @Sendable () throws -> any BlobStore) {
        self.open = open
    }
}

/// What every blob store does: the one on a disk, and each that stands for it.
public enum BlobStoreContract {
    /// The clauses.
    public static let clauses: [Clause<BlobStoreUnderTest>] =
        publishing + stagings + keeping + resuming + listing + quarantine

    static let random = LinuxRandom()

    static func newID() -> Identifier {
        Identifier(from: random)
    }

    /// Stores bytes in pieces and returns the receipt.
    @discardableResult
    static func store(
        _ bytes: [UInt8],
        in store: any BlobStore,
        _ algorithm: Digest.Algorithm = .sha256,
        generation: UInt64 = 0,
        piece: Int = 1 << 16
    ) async throws -> Receipt {
        let staging = try await store.stage(newID(), .begin, expected: algorithm)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let part = Array(bytes[start..<min(bytes.count, start + piece)])
            try await staging.append(part, at: UInt64(start))
        }
        let digest = Digest.of(bytes, algorithm)
        return try await staging.publish(as: digest, generation: generation)
    }

    static func read(
        _ digest: Digest,
        generation: UInt64 = 0,
        from store: any BlobStore
    ) async throws -> [UInt8]? {
        guard let region = try await store.open(digest, generation: generation) else { return nil }
        var bytes: [UInt8] = []
        while UInt64(bytes.count) < region.count {
            let part = try region.read(at: UInt64(bytes.count), limit: 70_000)
            try #require(!part.isEmpty)
            bytes += part
        }
        return bytes
    }

    // I1, I3: what a receipt says is there, whole.
    private static let publishing: [Clause<BlobStoreUnderTest>] = [
        Clause("a published blob is found, with its bytes, its size and a receipt") { test in
            let store = try test.open()
            for algorithm in Digest.Algorithm.allCases {
                for count in [0, 1, 65_536, 300_001] {
                    let bytes = patterned(count)
                    let receipt = try await Self.store(bytes, in: store, algorithm)
                    let digest = Digest.of(bytes, algorithm)
                    #expect(
                        receipt
                            == Receipt(
                                store: store.id,
                                digest: digest,
                                size: UInt64(count),
                                generation: 0
                            )
                    )
                    #expect(try await store.stat(digest, generation: 0) == UInt64(count))
                    #expect(try await read(digest, from: store) == bytes)
                }
            }
        },
        Clause("a blob is there under its generation, its algorithm and its digest only") { test in
            let store = try test.open()
            let digest = Digest.of([1])
            #expect(try await store.stat(digest, generation: 0) == nil)
            #expect(try await store.open(digest, generation: 0) == nil)
            try await Self.store([1], in: store, generation: 3)
            #expect(try await store.stat(digest, generation: 3) == 1)
            #expect(try await store.stat(digest, generation: 0) == nil)
            #expect(try await store.stat(Digest.of([2]), generation: 3) == nil)
            #expect(try await store.stat(Digest.of([1], .sha512), generation: 3) == nil)
        },
        Clause("bytes of another digest are refused, dropped and never seen") { test in
            let store = try test.open()
            let id = newID()
            let staging = try await store.stage(id, .begin, expected: .sha256)
            try await staging.append([1, 2, 3], at: 0)
            let wanted = Digest.of([9])
            await #expect(throws: BlobError.digestMismatch(actual: Digest.of([1, 2, 3]))) {
                _ = try await staging.publish(as: wanted, generation: 0)
            }
            #expect(try await store.stat(wanted, generation: 0) == nil)
            #expect(try await store.stat(Digest.of([1, 2, 3]), generation: 0) == nil)
            await #expect(throws: BlobError.unknownStaging) {
                _ = try await store.stage(id, .resume, expected: .sha256)
            }
        },
        Clause("a digest published twice is there once, and both are told so") { test in
            let store = try test.open()
            let first = try await Self.store([1, 2], in: store)
            let second = try await Self.store([1, 2], in: store)
            #expect(first == second)
            #expect(try await store.page(generation: 0, after: nil, limit: 9).count == 1)
        },
        Clause("clients that publish one digest at once all succeed") { test in
            let store = try test.open()
            let bytes = patterned(200_000)
            let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
                for _ in 0..<8 { group.addTask { try await Self.store(bytes, in: store) } }
                return try await group.reduce(into: Set<Receipt>()) { $0.insert($1) }
            }
            #expect(receipts.count == 1)
            #expect(try await read(Digest.of(bytes), from: store) == bytes)
        },
        Clause("any part of a blob can be read, and nothing behind its end") { test in
            let store = try test.open()
            try await Self.store([0, 1, 2, 3, 4], in: store)
            let region = try #require(
                try await store.open(Digest.of([0, 1, 2, 3, 4]), generation: 0)
            )
            #expect(region.count == 5)
            #expect(region.offset == 0)
            #expect(try region.read(at: 1, limit: 3) == [1, 2, 3])
            #expect(try region.read(at: 3, limit: 100) == [3, 4])
            #expect(try region.read(at: 5, limit: 1) == [])
            #expect(try region.read(at: 1 << 40, limit: 1) == [])
        },
        Clause("a store keeps its id") { test in
            let first = try test.open().id
            let second = try test.open().id
            #expect(first == second)
        },
    ]

    private static let stagings: [Clause<BlobStoreUnderTest>] = [
        Clause("bytes are taken at exactly the length, and a refusal tells it") { test in
            let staging = try await test.open().stage(newID(), .begin, expected: .sha256)
            #expect(try await staging.size == 0)
            try await staging.append([1, 2, 3], at: 0)
            for wrong in [0, 2, 4, 1 << 40] as [UInt64] {
                await #expect(throws: BlobError.offsetMismatch(has: 3)) {
                    try await staging.append([4], at: wrong)
                }
            }
            try await staging.append([], at: 3)
            try await staging.append([4], at: 3)
            #expect(try await staging.size == 4)
            let receipt = try await staging.publish(as: Digest.of([1, 2, 3, 4]), generation: 0)
            #expect(receipt.size == 4)
        },
        Clause("a staging is begun once and found only where there is one") { test in
            let store = try test.open()
            let id = newID()
            await #expect(throws: BlobError.unknownStaging) {
                _ = try await store.stage(id, .resume, expected: .sha256)
            }
            _ = try await store.stage(id, .begin, expected: .sha256)
            await #expect(throws: BlobError.stagingExists) {
                _ = try await store.stage(id, .begin, expected: .sha256)
            }
            _ = try await store.stage(id, .resume, expected: .sha256)
        },
        Clause("two names of one staging mean the same bytes") { test in
            let store = try test.open()
            let id = newID()
            let first = try await store.stage(id, .begin, expected: .sha256)
            let second = try await store.stage(id, .resume, expected: .sha256)
            try await first.append([1], at: 0)
            #expect(try await second.size == 1)
            try await second.append([2], at: 1)
            await #expect(throws: BlobError.offsetMismatch(has: 2)) {
                try await first.append([2], at: 1)
            }
            _ = try await first.publish(as: Digest.of([1, 2]), generation: 0)
            await #expect(throws: BlobError.unknownStaging) { try await second.append([3], at: 2) }
        },
        Clause("a cancelled staging is gone, and nothing came of it") { test in
            let store = try test.open()
            let id = newID()
            let staging = try await store.stage(id, .begin, expected: .sha256)
            try await staging.append([1], at: 0)
            try await staging.cancel()
            await #expect(throws: BlobError.unknownStaging) { try await staging.cancel() }
            await #expect(throws: BlobError.unknownStaging) { try await staging.append([2], at: 1) }
            await #expect(throws: BlobError.unknownStaging) { _ = try await staging.size }
            await #expect(throws: BlobError.unknownStaging) {
                _ = try await store.stage(id, .resume, expected: .sha256)
            }
            #expect(try await store.generations() == [])
        },
        Clause("a published staging is gone, while its blob answers") { test in
            let store = try test.open()
            let staging = try await store.stage(newID(), .begin, expected: .sha256)
            try await staging.append([1], at: 0)
            _ = try await staging.publish(as: Digest.of([1]), generation: 0)
            await #expect(throws: BlobError.unknownStaging) {
                _ = try await staging.publish(as: Digest.of([1]), generation: 0)
            }
            await #expect(throws: BlobError.unknownStaging) { try await staging.append([2], at: 1) }
            await #expect(throws: BlobError.unknownStaging) { try await staging.cancel() }
            #expect(try await store.stat(Digest.of([1]), generation: 0) == 1)
        },
    ]

    private static let resuming: [Clause<BlobStoreUnderTest>] = [
        Clause("another algorithm than expected is computed all the same") { test in
            let store = try test.open()
            let bytes = patterned(150_000)
            for expected in Digest.Algorithm.allCases {
                for named in Digest.Algorithm.allCases {
                    let staging = try await store.stage(newID(), .begin, expected: expected)
                    try await staging.append(bytes, at: 0)
                    let digest = Digest.of(bytes, named)
                    _ = try await staging.publish(as: digest, generation: 0)
                    #expect(try await read(digest, from: store) == bytes)
                }
            }
        },
        Clause("an upload goes on after a restart, in either algorithm") { test in
            for algorithm in Digest.Algorithm.allCases {
                let bytes = patterned(150_000)
                let id = newID()
                let before = try await test.open().stage(id, .begin, expected: algorithm)
                try await before.append(Array(bytes[..<100_000]), at: 0)
                let store = try test.open()
                let after = try await store.stage(id, .resume, expected: algorithm)
                #expect(try await after.size == 100_000)
                try await after.append(Array(bytes[100_000...]), at: 100_000)
                let digest = Digest.of(bytes, algorithm)
                _ = try await after.publish(as: digest, generation: 1)
                #expect(try await read(digest, generation: 1, from: store) == bytes)
            }
        },
        Clause("an upload begun before a restart, without a byte, goes on") { test in
            let id = newID()
            _ = try await test.open().stage(id, .begin, expected: .sha256)
            let after = try await test.open().stage(id, .resume, expected: .sha512)
            try await after.append([5], at: 0)
            let receipt = try await after.publish(as: Digest.of([5], .sha512), generation: 0)
            #expect(receipt.size == 1)
        },
        Clause("what was published or cancelled before a restart stays so") { test in
            let ids = [newID(), newID()]
            let before = try test.open()
            let published = try await before.stage(ids[0], .begin, expected: .sha256)
            _ = try await published.publish(as: Digest.of([]), generation: 0)
            try await before.stage(ids[1], .begin, expected: .sha256).cancel()
            let store = try test.open()
            for id in ids {
                await #expect(throws: BlobError.unknownStaging) {
                    _ = try await store.stage(id, .resume, expected: .sha256)
                }
            }
            #expect(try await store.stat(Digest.of([]), generation: 0) == 0)
        },
    ]

    private static let listing: [Clause<BlobStoreUnderTest>] = [
        Clause("a generation is listed in order, page by page, without the others") { test in
            let store = try test.open()
            var expected: [Digest] = []
            for number in 0..<40 as Range<UInt8> {
                let algorithm: Digest.Algorithm = number % 3 == 0 ? .sha512 : .sha256
                try await Self.store([number], in: store, algorithm, generation: 7)
                try await Self.store([number, 0], in: store, generation: 8)
                expected.append(Digest.of([number], algorithm))
            }
            expected.sort()
            for limit in [1, 3, 39, 40, 1000] {
                var listed: [Digest] = []
                while true {
                    let page = try await store.page(
                        generation: 7,
                        after: listed.last,
                        limit: limit
                    )
                    #expect(page.count <= limit)
                    guard !page.isEmpty else { break }
                    listed += page
                }
                #expect(listed == expected)
            }
            #expect(try await store.page(generation: 9, after: nil, limit: 9) == [])
        },
        Clause("a page begins behind any digest, there or not") { test in
            let store = try test.open()
            for number in 0..<20 as Range<UInt8> { try await Self.store([number], in: store) }
            let all = try await store.page(generation: 0, after: nil, limit: 100)
            let absent = Digest.of([99])
            #expect(
                try await store.page(generation: 0, after: absent, limit: 100)
                    == all.filter { $0 > absent }
            )
        },
        Clause("generations are listed as numbers are ordered") { test in
            let store = try test.open()
            #expect(try await store.generations() == [])
            for generation in [10, 9, 100, 0, .max] as [UInt64] {
                try await Self.store([1], in: store, generation: generation)
            }
            #expect(try await store.generations() == [0, 9, 10, 100, .max])
            #expect(try await test.open().stat(Digest.of([1]), generation: .max) == 1)
        },
        Clause("a deleted copy is gone, others stay, and who reads it reads on") { test in
            let store = try test.open()
            for generation in 0..<2 as Range<UInt64> {
                try await Self.store([1, 2, 3], in: store, generation: generation)
            }
            let digest = Digest.of([1, 2, 3])
            let region = try #require(try await store.open(digest, generation: 0))
            let others = (0..<40 as Range<UInt8>).map { Digest.of([$0, $0]) }
            for number in 0..<40 as Range<UInt8> {
                try await Self.store([number, number], in: store)
            }
            let absent = Digest.of([9])
            #expect(
                try await store.delete(others + [absent, digest], generation: 0)
                    == (others + [digest]).sorted()
            )
            #expect(try await store.delete([digest], generation: 0) == [])
            #expect(try await store.delete([absent], generation: 5) == [])
            #expect(try await store.stat(digest, generation: 0) == nil)
            #expect(try await store.stat(digest, generation: 1) == 3)
            #expect(try region.read(at: 0, limit: 3) == [1, 2, 3])
            try await Self.store([1, 2, 3], in: store, generation: 0)
            #expect(try await test.open().stat(digest, generation: 0) == 3)
        },
    ]
}
