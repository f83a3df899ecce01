// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Crypto
import Journal
import OCI
import Platform
import Registry
import SQLite
import Testing

@testable import Sweep

@Suite(.timeLimit(.minutes(10))) struct `The sweep` {
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

    @Test func `a copy whose row is gone is left as long as anything names it, and is named`()
        async throws
    {
        let test = try Fixture()
        let linked = try await test.push("linked")
        try await test.store([1])
        try await test.raise(2)
        let connection = try Connection(
            path: "\(test.temporary.path)/\(Catalog.fileName)",
            mode: .readWrite
        )
        try connection.execute("DELETE FROM content")
        try connection.close()
        let round = try await test.sweep.run()
        #expect(round.freed == 1 && round.doubted == 1)
        #expect(round.doubts == [.init(digest: linked, generation: 2, reason: .isNamed)])
        #expect(try await test.copies().map(\.digest) == [linked])
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

    @Test func `finds what loses its name behind the place that its generation is listed to`()
        async throws
    {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<9 { digests.append(try await test.push("blob \(number)")) }
        digests.sort()
        try await test.raise(2)
        test.clocks.after(sleeps: 1) { [digests] in
            for digest in digests.prefix(2) { try await test.unlink(digest) }
        }
        let round = try await test.sweep.run()
        #expect(round.freed == 2 && round.looked == 11)
        #expect(try await test.copies().count == 7)
    }

    @Test func `looks at everything again where the catalog has not come to what was noted`()
        async throws
    {
        let test = try Fixture()
        let (region, epoch) = try test.catalog.read { view throws(CatalogError) in
            (try view.heads().region, try view.epoch())
        }
        var known = SweepState(store: test.blobs.id, incarnation: region.incarnation)
        known.isPaused = true
        known.doubts = [Sweep.Copy(digest: Digest.of([1]), generation: 1)]
        func read(_ change: (inout SweepState) -> Void) -> SweepState {
            var changed = known
            change(&changed)
            return SweepState(changed.text, store: test.blobs.id, region: region, epoch: epoch)
        }
        var anew = SweepState(store: test.blobs.id, incarnation: region.incarnation)
        anew.isPaused = true
        for state in [
            read { $0.listed = Generation(epoch.number - 1) },
            read { $0.place = Unnamed.Place(epoch: epoch.number + 1, position: 0, digest: nil) },
            read { $0.place = Unnamed.Place(epoch: 1, position: region.position + 1, digest: nil) },
            read { $0.incarnation += 1 }, read { $0.store = Identifier(high: 1, low: 2) },
        ] {
            #expect(state == anew && state.isPaused && state.place == .start)
        }
        let kept = read { $0.listed = Generation(epoch.number - 2) }
        #expect(kept.listed.number == epoch.number - 2 && kept.doubts == known.doubts)
        // Of the form before this one nothing counts but the pause.
        func older(_ pause: String) -> SweepState {
            let text = "breakwater sweep 1\nstore \(test.blobs.id)\npaused \(pause)\n"
            return SweepState(
                Array(text.utf8),
                store: test.blobs.id,
                region: region,
                epoch: epoch
            )
        }
        #expect(older("yes") == anew)
        #expect(!older("no").isPaused)
    }

    @Test func `goes on past a copy that cannot be removed, and looks at it again`() async throws {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<9 {
            digests.append(try await test.store([UInt8(number)]).digest)
        }
        try await test.raise(2)
        // A directory in its place can be opened, and not removed as a file is.
        let hex = try #require(digests.min()).hex
        let folder = try test.temporary.directory.directory("blobs", .mustExist)
            .directory("00000000000000000002", .mustExist).directory("sha256", .mustExist)
            .directory(String(hex.prefix(2)), .mustExist)
        try folder.remove(hex)
        _ = try folder.directory(hex, .createIfMissing)
        let round = try await test.sweep.run()
        #expect(round.freed >= 6 && round.doubted >= 1)
        #expect(try await test.sweep.run().doubted == 1)
        #expect(try await test.copies().count == 1)
    }

    @Test func `goes on past a directory that cannot be read, and lists it again until it can`()
        async throws
    {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<20 { digests.append(try await test.store([UInt8(number)]).digest) }
        let lost = try #require(digests.sorted().first)
        let top = try test.temporary.directory.directory("blobs", .mustExist)
            .directory("00000000000000000002", .mustExist).directory("sha256", .mustExist)
        let spoilt = String(lost.hex.prefix(2))
        try top.rename(spoilt, to: top, as: "aside")
        _ = try top.open(spoilt, .createNew)
        try await test.raise(2)
        #expect(try await test.sweep.plan(limit: 9).unlisted == 1)
        let inIt = digests.count { $0.hex.hasPrefix(spoilt) }
        let round = try await test.sweep.run()
        #expect(round.freed == UInt64(20 - inIt) && round.doubted == 1)
        #expect(round.doubts.first?.reason == .isUnlisted)
        #expect(round.doubts.first?.digest.hex.hasPrefix(spoilt) == true)
        let again = try await test.sweep.run()
        #expect(again.looked == 0 && again.doubts == round.doubts)
        #expect(try await test.sweep.plan(limit: 9).unlisted == 1)
        try top.remove(spoilt)
        try top.rename("aside", to: top, as: spoilt)
        let plan = try await test.sweep.plan(limit: 20)
        let next = try await test.sweep.run()
        #expect(next.freed == UInt64(inIt) && next.doubted == 0 && next.looked == next.freed)
        #expect(plan.count == next.freed && plan.bytes == next.freedBytes)
        #expect(test.sweep.state.gaps.isEmpty)
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
        for _ in 0..<2 {
            let doubted = try await test.sweep.run()
            #expect(doubted.freed == 0 && doubted.doubted == 1)
            #expect(try await test.sweep.plan(limit: 9).count == 0)
        }
        // Pushed again, it takes its place, and the next round frees the other.
        try await test.store(Array("twice".utf8))
        #expect(try await test.copies().map(\.generation) == [2, 4])
        #expect(try await test.sweep.plan(limit: 9).count == 1)
        let healed = try await test.sweep.run()
        #expect(healed.freed == 1 && healed.doubted == 0 && healed.looked == 1)
        #expect(try await test.copies().map(\.generation) == [4])
    }

    @Test func `says how much of it is ahead and for about how long`() async throws {
        var options = Fixture.options
        options.copiesPerSecond = 10
        let test = try Fixture(options: options)
        for number in 0..<60 { try await test.store([UInt8(number)]) }
        let lost = try await test.push("lost")
        try await test.unlink(lost)
        try await test.raise(2)
        test.clocks.after(sleeps: 10) {
            let status = test.sweep.status
            let round = try #require(status.round)
            #expect(status.isRunning && round.looked == 30)
            // The first three of 61 tell how many there are, about.
            #expect((20...400).contains(round.expected))
            let ahead = max(round.expected, round.looked) - round.looked
            // Ten a second; three seconds of them have passed, and the wait after this page has not.
            let left = try #require(status.timeLeft)
            #expect(abs(left / .seconds(1) - Double(ahead) / 10) <= Double(ahead) / 100 + 0.01)
        }
        let round = try await test.sweep.run()
        #expect(round.looked == 62 && test.sweep.status.timeLeft == nil)
    }

    @Test func `tells by its first page how many copies a generation has`() {
        let many = (0..<20_000).map { Digest.of(Array("\($0)".utf8)) }.sorted()
        let expected = Expectation.copies(firstPage: Array(many.prefix(1000)), limit: 1000)
        #expect((18_000...22_000).contains(expected))
        #expect(Expectation.copies(firstPage: Array(many.prefix(999)), limit: 1000) == 999)
        #expect(Expectation.copies(firstPage: [], limit: 1000) == 0)
        let zero = Digest("sha256:" + String(repeating: "0", count: 64))
        #expect(Expectation.copies(firstPage: zero.map { [$0] } ?? [], limit: 1).isFinite)
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

    @Test func `does not wait for names whose copies are too young`() async throws {
        var options = Fixture.options
        options.pageMax = 100
        options.copiesPerSecond = 1
        let test = try Fixture(options: options)
        try await test.raise(2)
        for number in 0..<64 { try await test.unlink(try await test.push("young \(number)")) }
        let before = test.clocks.monotonic()
        let round = try await test.sweep.run()
        // Not nothing: so many cost as much as one copy.
        #expect(test.clocks.monotonic() - before == .seconds(1))
        #expect(round.looked == 0 && round.freed == 0)
        try await test.raise(2)
        #expect(try await test.sweep.run().freed == 64)
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
        #expect(try await test.sweep.plan(limit: 9).count == 1)
        #expect(try await test.sweep.run().freed == 1)
    }

    @Test func `reads any text as a state or as none`() throws {
        let store = Identifier(high: 1, low: 2)
        let head = Head(incarnation: 3, position: 20, chain: Head.empty.chain)
        var state = SweepState(store: store, incarnation: 3)
        state.listed = Generation(7)
        state.place = Unnamed.Place(epoch: 9, position: 10, digest: Digest.of([1]))
        (state.isPaused, state.isOverfull, state.began) = (true, true, 11)
        state.doubts = [Sweep.Copy(digest: Digest.of([2]), generation: 3)]
        state.gaps = [
            SweepState.Gap(generation: 4, after: nil, last: Digest.of([3])),
            SweepState.Gap(generation: 5, after: Digest.of([4]), last: Digest.of([5])),
        ]
        func read(_ text: [UInt8]?) -> SweepState {
            SweepState(text, store: store, region: head, epoch: Generation(9))
        }
        #expect(read(state.text) == state)
        let none = SweepState(store: store, incarnation: 3)
        #expect(read(nil) == none)
        for end in state.text.indices.dropLast() {
            // All that a file counts for that was cut short is that it was paused.
            var cut = read(Array(state.text[..<end]))
            cut.isPaused = false
            #expect(cut == none)
        }
        for index in state.text.indices {
            for bit in 0..<8 as Range<UInt8> {
                var text = state.text
                text[index] ^= 1 << bit
                var found = read(text)
                found.isPaused = false
                #expect(found == none)
            }
        }
    }

    @Test func `the epoch rises no more once nothing was changed since the last two raises`()
        async throws
    {
        let test = try Fixture()
        try await test.push("one")
        for _ in 0..<5 { try await test.registry.raiseEpoch() }
        #expect(try test.catalog.read { view throws(CatalogError) in try view.epoch() }.number == 4)
        // Stored and named by no entry: that is something to free, too.
        try await test.store([1])
        for _ in 0..<5 { try await test.registry.raiseEpoch() }
        #expect(try test.catalog.read { view throws(CatalogError) in try view.epoch() }.number == 6)
        #expect(try await test.sweep.run().freed == 1)
        try await test.push("two")
        for _ in 0..<5 { try await test.registry.raiseEpoch() }
        #expect(try test.catalog.read { view throws(CatalogError) in try view.epoch() }.number == 8)
    }
}
