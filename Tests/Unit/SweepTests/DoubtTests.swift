// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Crypto
import Journal
import OCI
import Platform
import Testing

@testable import Sweep

@Suite(.timeLimit(.minutes(10))) struct `What the sweep is in doubt of` {
    @Test func `one copy is looked at again itself, over a crash too, and goes with its cause`()
        async throws
    {
        var test = try Fixture()
        for number in 0..<9 { try await test.push("blob \(number)") }
        let digest = try await test.store([1]).digest
        try await test.raise(2)
        let folder = try test.block(digest)
        let first = try await test.sweep.run()
        #expect(first.looked == 10 && first.doubted == 1)
        for _ in 0..<2 {
            let round = try await test.sweep.run()
            #expect(round.looked == 1 && round.freed == 0 && round.doubts == first.doubts)
            test = try test.reopened(inOrder: false)
        }
        try folder.rename(digest.hex, to: test.temporary.directory, as: "aside")
        try await test.store([1], generation: 2)
        let last = try await test.sweep.run()
        #expect(last.looked == 1 && last.freed == 1 && last.doubted == 0)
        #expect(try await test.sweep.run().looked == 0)
        #expect(try await test.copies().count == 9)
    }

    @Test func `what the scrub suspects goes in the next round, by the same rule`() async throws {
        // I7
        let test = try Fixture()
        let kept = try await test.push("kept")
        try await test.raise(2)
        _ = try await test.sweep.run()
        let orphan = try await test.store([1], generation: 2).digest
        let young = try await test.store([2]).digest
        #expect(try await test.sweep.run().looked == 0)
        test.sweep.suspect(orphan, generation: 2)
        test.sweep.suspect(kept, generation: 2)
        test.sweep.suspect(young, generation: 4)
        #expect(try await test.sweep.plan(limit: 9).candidates.map(\.digest) == [orphan])
        let round = try await test.sweep.run()
        #expect(round.looked == 2 && round.freed == 1 && round.doubted == 0)
        #expect(try await test.copies().map(\.digest) == [kept, young])
        #expect(try await test.sweep.run().looked == 0)
    }

    @Test func `a full disk keeps it from noting anything, and not from making room`() async throws
    {
        let test = try Fixture()
        try await test.push("kept")
        try await test.store([1])
        try await test.raise(2)
        try test.sweep.note { state in
            state.add(Sweep.Copy(digest: Digest.of([2]), generation: 2))
        }
        test.faults.fail(.create, as: .noSpace, forever: true)
        await #expect(throws: SweepError.self) { try await test.sweep.run() }
        #expect(test.freed.map(\.digest) == [Digest.of([1])])
        test.faults.clear()
        #expect(try await test.sweep.run().doubted == 0)
        #expect(try await test.copies().count == 1)
    }

    @Test func `a copy that cannot be removed keeps a full disk from nothing behind it`()
        async throws
    {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<8 as Range<UInt8> {
            digests.append(try await test.store([number]).digest)
        }
        try await test.raise(2)
        _ = try test.block(try #require(digests.min()))
        test.faults.fail(.create, as: .noSpace, forever: true)
        await #expect(throws: SweepError.self) { try await test.sweep.run() }
        #expect(test.freed.count == 7)
    }

    @Test func `what is suspected leaves room for what is in doubt`() throws {
        let test = try Fixture()
        try test.sweep.note { $0.listed = Generation(2) }
        for number in 0..<600 {
            test.sweep.suspect(Digest.of(Array("\(number)".utf8)), generation: 2)
        }
        #expect(test.sweep.state.doubts.count == SweepState.suspectsMax)
        #expect(!test.sweep.state.isOverfull)
    }

    @Test func `more than can be named has everything looked at, once a day`() throws {
        let (hour, day) = (UInt64(3_600_000), UInt64(86_400_000))
        var state = SweepState(store: Identifier(high: 1, low: 2), incarnation: 3)
        let epoch = Generation(9)
        func isAnew(_ now: UInt64) -> Bool { state.beginsAnew(at: epoch, now) }
        func fill() {
            for number in 0...SweepState.doubtsMax {
                let digest = Digest.of(Array("\(number)".utf8), .sha512)
                state.add(Sweep.Copy(digest: digest, generation: UInt64.max / 2))
            }
        }
        state.listed = Generation(7)
        #expect(!isAnew(10 * day))
        fill()
        #expect(state.isOverfull && isAnew(10 * day))
        let later = Generation(CatalogView.epochsNoted + 9)
        state.beginAnew(at: later, 10 * day)
        // One that is broken off goes on where it was.
        #expect(!state.beginsAnew(at: later, 10 * day))
        #expect(state.listed.number == 0 && state.doubts.count == SweepState.doubtsMax)
        #expect(!state.isOverfull && !isAnew(12 * day))
        fill()
        #expect(!isAnew(10 * day + hour) && isAnew(11 * day) && isAnew(10 * day - 1))
        for number in 0..<SweepState.gapsMax {
            let digest = Digest.of(Array("\(number)".utf8), .sha512)
            state.add(SweepState.Gap(generation: UInt64.max / 2, after: digest, last: digest))
        }
        #expect(SweepState(parsing: state.text) == state)
        #expect(state.text.count <= SweepState.fileMax)
    }
}
