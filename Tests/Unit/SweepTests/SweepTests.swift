// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Catalog
import Contracts
import Crypto
import Journal
import OCI
import Platform
import Registry
import Testing

@testable import Sweep

@Suite(.timeLimit(.minutes(1))) struct `The sweep` {
    @Test func `frees what lost its last name two epochs later, and nothing before`() async throws {
        // I7.
        let test = try Fixture()
        let (kept, lost) = (try await test.push("kept"), try await test.push("lost"))
        try await test.push("lost", to: "b")
        try await test.unlink(lost)
        for _ in 0..<2 {
            #expect(try await test.sweep.run().freed == 0)
            try await test.raise()
        }
        // One repository names it still.
        #expect(try await test.sweep.run().freed == 0)
        try await test.unlink(lost, from: "b")
        let round = try await test.sweep.run()
        #expect(round.freed == 1 && round.freedBytes == 4)
        #expect(try await test.copies().map(\.digest) == [kept])
        let entry = try #require(test.freed.first)
        #expect(entry.digest == lost && entry.generation == 2)
        #expect(entry.unnamedAt == 7)
    }

    @Test func `frees copies that no entry ever named`() async throws {
        let test = try Fixture()
        for number in 0..<10 { try await test.store([UInt8(number)]) }
        let kept = try await test.push("kept")
        for _ in 0..<2 {
            // An upload that has its receipt may still be named.
            #expect(try await test.sweep.run().freed == 0)
            try await test.raise()
        }
        #expect(try await test.sweep.run().freed == 10)
        #expect(try await test.copies().map(\.digest) == [kept])
        #expect(test.freed.allSatisfy { $0.unnamedAt == nil })
    }

    @Test func `lists a generation once, and later looks at what changed alone`() async throws {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<20 { digests.append(try await test.push("blob \(number)")) }
        try await test.raise(2)
        #expect(try await test.sweep.run().looked == 20)
        #expect(try await test.sweep.run().looked == 0)
        for digest in digests.prefix(4) { try await test.unlink(digest) }
        let round = try await test.sweep.run()
        #expect(round.looked == 4 && round.freed == 4)
        // Over a restart too.
        let next = try test.reopened()
        try await next.unlink(digests[10])
        let after = try await next.sweep.run()
        #expect(after.looked == 1 && after.freed == 1)
    }

    @Test func `finds what loses its name while its generation is listed`() async throws {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<9 { digests.append(try await test.push("blob \(number)")) }
        try await test.raise(2)
        // The first page of three was listed when the operator stops it.
        digests.sort()
        try test.sweep.pause(true)
        #expect(try await test.sweep.run().isBrokenOff)
        try test.sweep.pause(false)
        for digest in digests.prefix(2) { try await test.unlink(digest) }
        #expect(try await test.sweep.run().freed == 2)
        for digest in digests.suffix(2) { try await test.unlink(digest) }
        try await test.raise(2)
        #expect(try await test.sweep.run().freed == 2)
        #expect(try await test.copies().count == 5)
    }

    @Test func `leaves a copy that is named again under its own generation`() async throws {
        // I7: deletions are derived from the state, and never replayed.
        let test = try Fixture()
        let digest = try await test.push("again")
        try await test.unlink(digest)
        try await test.push("again", to: "b")
        try await test.raise(3)
        #expect(try await test.sweep.run().freed == 0)
        #expect(try await test.copies().map(\.digest) == [digest])
    }

    @Test func `frees the older copy of what is named under a newer one, once that is here`()
        async throws
    {
        let test = try Fixture()
        let digest = try await test.push("twice")
        try await test.unlink(digest)
        try await test.raise(2)
        try await test.push("twice")
        let before = try await test.copies()
        #expect(before.map(\.generation) == [2, 4])
        // The copy that counts is gone: the other is where it can come from.
        #expect(try await test.blobs.delete([digest], generation: 4) == [digest])
        let doubted = try await test.sweep.run()
        #expect(doubted.freed == 0 && doubted.doubted == 1)
        // Pushed again, it takes its place, and the next round frees the other.
        try await test.store(Array("twice".utf8))
        #expect(try await test.copies().map(\.generation) == [2, 4])
        let healed = try await test.sweep.run()
        #expect(healed.freed == 1 && healed.doubted == 0)
        #expect(try await test.copies().map(\.generation) == [4])
    }

    @Test func `goes on where it was after a pause, which outlives a restart`() async throws {
        let test = try Fixture()
        for number in 0..<10 { try await test.store([UInt8(number)]) }
        try await test.raise(2)
        try test.sweep.pause(true)
        let next = try test.reopened()
        #expect(next.sweep.status.isPaused)
        #expect(try await next.sweep.run().isBrokenOff)
        #expect(try await next.copies().count == 10)
        try next.sweep.pause(false)
        #expect(try await next.sweep.run().freed == 10)
    }

    @Test func `keeps to its rate`() async throws {
        var options = Fixture.options
        options.copiesPerSecond = 2
        let test = try Fixture(options: options)
        for number in 0..<10 { try await test.store([UInt8(number)]) }
        try await test.raise(2)
        let before = test.clocks.monotonic()
        _ = try await test.sweep.run()
        #expect(test.clocks.monotonic() - before == .seconds(5))
    }

    @Test func `plans what it would free, and frees nothing by that`() async throws {
        let test = try Fixture()
        try await test.store([1])
        let lost = try await test.push("lost")
        try await test.unlink(lost)
        try await test.raise(2)
        let later = try await test.push("later")
        try await test.unlink(later)
        let plan = try await test.sweep.plan(limit: 1)
        #expect(plan.count == 2 && plan.bytes == 5 && plan.candidates.count == 1)
        #expect(plan.laterCount == 1 && plan.laterBytes == 5)
        #expect(try await test.copies().count == 3)
        let round = try await test.sweep.run()
        #expect(round.freed == plan.count && round.freedBytes == plan.bytes)
        #expect(try await test.sweep.plan(limit: 9).count == 0)
    }

    @Test func `lists everything again when names ended longer ago than is known`() async throws {
        let test = try Fixture()
        let digest = try await test.push("old")
        try await test.raise(2)
        _ = try await test.sweep.run()
        try await test.unlink(digest)
        try await test.raise(Int(CatalogView.epochsNoted) + 2)
        #expect(
            try test.catalog.read { view throws(CatalogError) in
                try view.unnamed(after: .start, limit: 9).isEmpty
            }
        )
        #expect(try await test.sweep.run().freed == 1)
    }

    @Test func `begins anew from a state that is none, and keeps to a pause it can read`() {
        let store = Identifier(high: 1, low: 2)
        var state = SweepState(store: store, incarnation: 3)
        state.listed = Generation(7)
        state.place = Unnamed.Place(epoch: 9, position: 10, digest: Digest.of([1]))
        state.isPaused = true
        #expect(SweepState(state.text, store: store, incarnation: 3) == state)
        let other = SweepState(state.text, store: store, incarnation: 4)
        #expect(other.listed == Generation(0) && other.place == .start && other.isPaused)
        for text in ["", "breakwater sweep 1\n", "breakwater sweep 2\nstore x\n"] {
            let read = SweepState(Array(text.utf8), store: store, incarnation: 3)
            #expect(read == SweepState(store: store, incarnation: 3))
        }
    }

    @Test func `the epoch rises no more once nothing was changed since the last two raises`()
        async throws
    {
        let test = try Fixture()
        try await test.push("one")
        for _ in 0..<5 { try await test.registry.raiseEpoch() }
        #expect(try test.catalog.read { view throws(CatalogError) in try view.epoch() }.number == 4)
        try await test.push("two")
        for _ in 0..<5 { try await test.registry.raiseEpoch() }
        #expect(try test.catalog.read { view throws(CatalogError) in try view.epoch() }.number == 6)
    }
}
