// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Contracts
import Crypto
import OCI
import Platform
import Testing

@Suite struct `Care of stagings` {
    private var fixture: DiskFixture
    private let week = Duration.seconds(7 * 86_400)
    private let hour = Duration.seconds(3600)

    init() throws {
        fixture = try DiskFixture()
    }

    /// Lets hours pass with care each hour, and returns how many stagings were dropped.
    private func pass(hours: Int, _ store: DiskBlobStore) async throws -> Int {
        var dropped = 0
        for _ in 0..<hours {
            fixture.clocks.advance(hour)
            dropped += try store.expireStagings(olderThan: week)
        }
        return dropped
    }

    @Test func `drops what lay untouched for a week, and nothing a moment before`() async throws {
        let store = try fixture.open()
        let (id, staging) = try await fixture.begin([1], in: store)
        #expect(try store.expireStagings(olderThan: week) == 0)
        #expect(try await pass(hours: 7 * 24 - 1, store) == 0)
        let listed = try await store.stagingPage(after: nil, limit: 9)
        #expect(listed.map(\.id) == [id])
        #expect(listed.map(\.size) == [1])
        #expect(listed.map(\.age) == [hour * (7 * 24 - 1)])
        #expect(try await pass(hours: 1, store) == 1)
        await #expect(throws: BlobError.unknownStaging) { try await staging.append([2], at: 1) }
        #expect(store.stagingsLive == 0)
        #expect(try !fixture.paths().contains { $0.hasPrefix("staging/") })
    }

    @Test func `drops a kept upload that nobody came back for, and not its blob`() async throws {
        let store = try fixture.open()
        let (_, staging) = try await fixture.begin([1], in: store)
        _ = try await staging.publish(as: Digest.of([1]), generation: 0, keeps: true)
        let after = try fixture.open()
        #expect(after.stagingsLive == 1)
        #expect(try after.expireStagings(olderThan: week) == 0)
        #expect(try await pass(hours: 7 * 24, after) == 1)
        #expect(try !fixture.paths().contains { $0.hasPrefix("staging/") })
        #expect(try await after.stat(Digest.of([1]), generation: 0) == 1)
    }

    @Test(arguments: [0, 4_000_000_000_000])
    func `drops nothing because the wall clock jumps`(wall: UInt64) async throws {
        let store = try fixture.open()
        let (_, staging) = try await fixture.begin([1], in: store)
        #expect(try await pass(hours: 24, store) == 0)
        fixture.clocks.setWall(wall)
        #expect(try await pass(hours: 24, store) == 0)
        // Another life of the process, on the same wrong clock.
        let after = try fixture.open()
        #expect(try await pass(hours: 24, after) == 0)
        #expect(try await staging.size == 1)
    }

    @Test func `begins anew when bytes come`() async throws {
        let store = try fixture.open()
        let (_, staging) = try await fixture.begin([1], in: store)
        #expect(try await pass(hours: 7 * 24 - 1, store) == 0)
        try await staging.append([2], at: 1)
        #expect(try await pass(hours: 7 * 24, store) == 0)
        #expect(try await pass(hours: 1, store) == 1)
    }

    @Test func `counts on over restarts, and not while nothing ran`() async throws {
        let first = try fixture.open()
        _ = try await fixture.begin([1], in: first)
        #expect(try first.expireStagings(olderThan: week) == 0)
        #expect(try await pass(hours: 100, first) == 0)
        fixture.clocks.advance(week * 10)
        let second = try fixture.open()
        #expect(try await pass(hours: 67, second) == 0)
        #expect(try await pass(hours: 1, second) == 1)
    }

    @Test(arguments: ["", "nonsense", "breakwater staging ages 2\n", "breakwater staging ages 2"])
    func `takes stagings for young when the record is lost or strange`(text: String) async throws {
        let first = try fixture.open()
        _ = try await fixture.begin([1], in: first)
        #expect(try await pass(hours: 7 * 24, first) == 0)
        let file = try fixture.scratch.directory.open("staging-ages", .writeOrCreate)
        try file.truncate(to: 0)
        try file.put(Array(text.utf8))
        let second = try fixture.open()
        #expect(try await pass(hours: 7 * 24, second) == 0)
        #expect(try await pass(hours: 1, second) == 1)
    }

    @Test func `drops nothing early for an age that rot made another`() async throws {
        let first = try fixture.open()
        _ = try await fixture.begin([1], in: first)
        #expect(try await pass(hours: 100, first) == 0)
        let written = try fixture.scratch.bytes(of: "staging-ages")
        let text = String(decoding: written, as: UTF8.self)
        let flipped = text.replacing(" 356400\n", with: " 756400\n")
        #expect(flipped != text)
        let file = try fixture.scratch.directory.open("staging-ages", .writeOrCreate)
        try file.put(Array(flipped.utf8))
        let second = try fixture.open()
        #expect(try await pass(hours: 7 * 24, second) == 0)
        #expect(try await pass(hours: 1, second) == 1)
    }

    // The record is a format: docs/formats/blob-directory.md.
    @Test func `writes its record as the format says, and only when it changed`() async throws {
        let store = try fixture.open()
        try store.expireStagings(olderThan: week)
        #expect(try !fixture.paths().contains("staging-ages"))
        var ids: [Identifier] = []
        for _ in 0..<3 { ids.append(try await fixture.begin([1, 2], in: store).id) }
        try store.expireStagings(olderThan: week)
        _ = try await pass(hours: 2, store)
        let expected =
            ["breakwater staging ages 2"] + ids.sorted().map { "\($0) 2 7200" }
        let written = try fixture.scratch.bytes(of: "staging-ages")
        #expect(CheckedLines.lines(of: written) == expected.map { $0[...] })
        let renames = fixture.faults.count(.rename)
        try store.expireStagings(olderThan: week)
        #expect(fixture.faults.count(.rename) == renames)
    }

    @Test func `closes stagings nobody used since the time before`() async throws {
        let store = try fixture.open()
        let (_, idle) = try await fixture.begin([1], in: store)
        let (_, used) = try await fixture.begin([2], in: store)
        try store.expireStagings(olderThan: week)
        #expect(store.stagingsOpen == 2)
        try await used.append([3], at: 1)
        try store.expireStagings(olderThan: week)
        #expect(store.stagingsOpen == 1)
        #expect(store.stagingsLive == 2)
        _ = try await idle.publish(as: Digest.of([1]), generation: 0)
        _ = try await used.publish(as: Digest.of([2, 3]), generation: 0)
    }

    // I10: descriptors have a bound, whatever is uploaded at once.
    @Test func `no more stagings are open than may be`() async throws {
        var fixture = fixture
        fixture.options.openStagingsMax = 5
        let store = try fixture.open()
        var stagings: [any Staging] = []
        for number in 0..<20 as Range<UInt8> {
            stagings.append(try await fixture.begin([number], in: store).staging)
            #expect(store.stagingsOpen <= 5)
        }
        for round in 1..<4 as Range<UInt64> {
            for staging in stagings {
                try await staging.append([9], at: round)
                #expect(store.stagingsOpen <= 5)
            }
        }
        for (number, staging) in stagings.enumerated() {
            let digest = Digest.of([UInt8(number), 9, 9, 9])
            #expect(try await staging.publish(as: digest, generation: 0).size == 4)
        }
        #expect(store.stagingsOpen == 0)
        #expect(store.stagingsLive == 0)
    }

    // A failure to write that only close sees must not be forgotten.
    @Test func `a staging is synced before it is closed`() async throws {
        var fixture = fixture
        fixture.options.openStagingsMax = 1
        let store = try fixture.open()
        let (first, _) = try await fixture.begin([1], in: store)
        fixture.faults.fail(.sync)
        _ = try await fixture.begin([2], in: store)
        await #expect(throws: BlobError.unknownStaging) {
            _ = try await store.stage(first, .resume, expected: .sha256)
        }
        #expect(store.stagingsLive == 1)
    }

    // I10: so do stagings on the disk.
    @Test func `no more stagings are begun than may be, also after a restart`() async throws {
        var fixture = fixture
        fixture.options.stagingsMax = 3
        let first = try fixture.open()
        for number in 0..<3 as Range<UInt8> { _ = try await fixture.begin([number], in: first) }
        await #expect(throws: BlobError.tooManyStagings) {
            _ = try await fixture.begin([3], in: first)
        }
        let store = try fixture.open()
        await #expect(throws: BlobError.tooManyStagings) {
            _ = try await fixture.begin([3], in: store)
        }
        let page = try await store.stagingPage(after: nil, limit: 2)
        #expect(page.count == 2)
        try await store.stage(page[0].id, .resume, expected: .sha256).cancel()
        _ = try await fixture.begin([3], in: store)
        #expect(try await store.stagingPage(after: page[1].id, limit: 9).count <= 2)
    }
}
