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
import Testing

@testable import Scrub

@Suite(.timeLimit(.minutes(10))) struct `The scrub` {
    @Test func `finds nothing where nothing is wrong, and says when it was`() async throws {
        let test = try Fixture()
        var bytes: UInt64 = 0
        for number in 0..<30 {
            try await test.push([UInt8](repeating: 1, count: 10 + number * 1000))
            bytes += UInt64(10 + number * 1000)
        }
        #expect(test.scrub.status.sinceRound == nil && test.scrub.isDue)
        let round = try await test.scrub.run()
        #expect(round.isSound && round.copies == 30 && round.named == 30 && round.bytes == bytes)
        #expect(round.orphans == 0 && round.catalog.isCompared && round.catalog.entries == 31)
        #expect(round.catalog.pages > 0)
        #expect(test.scrub.status.bytesTotal == bytes && !test.scrub.isDue)
        #expect(test.events.isEmpty)
        let names = try test.temporary.directory.names(after: "", limit: 100)
        #expect(!names.contains { $0.hasPrefix("catalog.compared") })
        try await test.clocks.sleep(for: .seconds(100))
        let again = try test.reopened()
        #expect(try #require(again.scrub.status.sinceRound) >= .seconds(100))
        #expect(!again.scrub.isDue)
        try await again.clocks.sleep(for: .seconds(7 * 86_400))
        #expect(again.scrub.isDue)
    }

    // I3
    @Test func `finds every one of 1,000 bits that flip in blobs, and none is served after that`()
        async throws
    {
        let test = try Fixture()
        var generator = SeededNumbers(seed: 20)
        var digests: [Digest] = []
        for number in 0..<1000 {
            let size = number % 400 == 0 ? 1 << 20 + number : 16 + number % 500
            let bytes = Array("\(number) ".utf8) + [UInt8](repeating: 7, count: size)
            let digest = try await test.push(bytes)
            // Half of them are in memory, from before.
            if number % 2 == 0 { #expect(try await test.serves(digest)) }
            digests.append(digest)
        }
        let sound = try await test.push(Array("sound".utf8))
        for digest in digests {
            let size = Int(try test.file(of: digest).size())
            try test.flip(digest, bit: generator.next(below: size * 8))
        }
        let round = try await test.scrubNow()
        #expect(round.setAside == 1000 && round.copies == 1001 && round.missing == 0)
        #expect(test.blobs.quarantineTotals.count == 1000)
        for digest in digests { #expect(try await !test.serves(digest)) }
        #expect(try await test.serves(sound))
        #expect(test.scrub.status.losses.count == 1000)
        #expect(Set(test.scrub.status.losses.map(\.digest)) == Set(digests))
    }

    @Test func `goes on past a directory that cannot be read, and names it`() async throws {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<20 as Range<UInt8> { digests.append(try await test.push([number])) }
        let spoilt = String(try #require(digests.sorted().first).hex.prefix(2))
        let top = try test.temporary.directory.directory("blobs", .mustExist)
            .directory("00000000000000000002", .mustExist).directory("sha256", .mustExist)
        try top.rename(spoilt, to: top, as: "aside")
        _ = try top.open(spoilt, .createNew)
        let again = try test.reopened()
        let round = try await again.scrubNow()
        let inIt = digests.count { $0.hex.hasPrefix(spoilt) }
        #expect(round.copies == UInt64(20 - inIt) && !round.isSound)
        // Each that is named there, and the directory.
        #expect(round.unexamined == UInt64(inIt + 1) && round.missing == 0)
        let report = try await again.registry.verifyContent(deep: false) { _, _ in }
        #expect(report.unlisted == 1 && !report.isSound)
    }

    @Test func `finds what is missing, cut short or cannot be read, and it comes back by a push`()
        async throws
    {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<4 as Range<UInt8> {
            digests.append(try await test.push(patterned(5000) + [number]))
        }
        let generation = Generation.first.number
        #expect(try await test.blobs.delete([digests[0]], generation: generation).count == 1)
        try test.file(of: digests[1]).truncate(to: 100)
        // Of each copy a part is asked for once, and of one that fails once more.
        let order = digests.sorted()
        let unreadable = try #require(order.first { $0 != digests[0] && $0 != digests[1] })
        test.files.faults.before { operation, name in
            guard operation == .read, name == unreadable.hex else { return }
            test.files.faults.fail(.read, as: .device)
        }
        let round = try await test.scrubNow()
        test.files.faults.before(nil)
        #expect(round.missing == 1 && round.setAside == 2 && round.unexamined == 0)
        let losses = Dictionary(
            uniqueKeysWithValues: test.scrub.status.losses.map { ($0.digest, $0.flaw) }
        )
        #expect(losses.count == 3)
        #expect(losses[digests[0]] == .some(nil) && losses[digests[1]] == .length)
        #expect(losses[unreadable] == .unreadable)
        // Over a restart too.
        let again = try test.reopened()
        #expect(again.scrub.status.losses.count == 3)
        for (number, digest) in digests.enumerated() {
            try await again.push(patterned(5000) + [UInt8(number)])
            #expect(try await again.serves(digest))
        }
        try await again.scrub.heal()
        #expect(again.scrub.status.losses.isEmpty && again.scrub.status.repaired == 3)
        #expect(try await again.scrubNow().isSound)
    }

    @Test func `knows at once what a reading or a verification finds, and asks a source for it`()
        async throws
    {
        let test = try Fixture()
        let bytes = (0..<4 as Range<UInt8>).map { patterned(3000) + [$0] }
        var digests: [Digest] = []
        for bytes in bytes { digests.append(try await test.push(bytes)) }
        for digest in digests[..<2] { try test.flip(digest, bit: 9) }
        let generation = Generation.first.number
        let missing = Array(digests[2...])
        #expect(try await test.blobs.delete(missing, generation: generation).count == 2)
        for digest in [digests[0], digests[2], digests[0]] {
            #expect(try await !test.serves(digest))
        }
        #expect(Set(test.scrub.status.losses.map(\.digest)) == [digests[0], digests[2]])
        let report = try await test.registry.verifyContent(deep: true) { _, _ in }
        #expect(report.unsound == 4)
        // Each is told once, with what was found first, and kept over a restart.
        #expect(test.events.count == 4)
        let again = try test.reopened()
        let losses = Dictionary(
            uniqueKeysWithValues: again.scrub.status.losses.map { ($0.digest, $0.flaw) }
        )
        #expect(losses.count == 4)
        let flaws: [Flaw?] = digests.map { losses[$0] ?? nil }
        #expect(flaws == [.bytes, .bytes, nil, nil])
        again.source.add(bytes[0], as: digests[0])
        again.source.add(bytes[2], as: digests[2])
        try await again.scrub.heal()
        #expect(Set(again.scrub.status.losses.map(\.digest)) == [digests[1], digests[3]])
        #expect(try await again.serves(digests[0]))
    }

    @Test func `a read that fails once is no loss`() async throws {
        let test = try Fixture()
        try await test.push(patterned(5000))
        var isFirst = true
        for kind in [FileError.Kind.device, .denied] {
            test.files.faults.before { operation, name in
                guard operation == .read, name.utf8.count == 64 else { return }
                test.files.faults.before(nil)
                test.files.faults.fail(.read, as: kind)
            }
            let round = try await test.scrubNow()
            #expect(round.setAside == 0)
            // What may not be read is told, and says nothing of the copy.
            #expect(round.unexamined == (isFirst ? 0 : 1))
            isFirst = false
        }
    }

    @Test func `repairs what a source has, and takes nothing wrong from it`() async throws {
        let test = try Fixture()
        let bytes = [patterned(3000), patterned(4000)]
        let digests = [try await test.push(bytes[0]), try await test.push(bytes[1])]
        for digest in digests { try test.flip(digest, bit: 77) }
        test.source.add(bytes[0], as: digests[0])
        test.source.add(bytes[1].map { $0 ^ 1 }, as: digests[1])
        let round = try await test.scrubNow()
        #expect(round.setAside == 2)
        #expect(test.scrub.status.losses.map(\.digest) == [digests[1]])
        #expect(test.scrub.status.repaired == 1)
        #expect(try await test.serves(digests[0]))
        #expect(try await !test.serves(digests[1]))
        test.source.add(bytes[1], as: digests[1])
        try await test.scrub.heal()
        #expect(try await test.serves(digests[1]))
        let failures = test.events.filter { if case .sourceFailed = $0 { true } else { false } }
        #expect(failures.count == 1)
    }

    @Test func `goes on after a restart where it was broken off`() async throws {
        let test = try Fixture()
        for number in 0..<40 as Range<UInt8> { try await test.push([number, 1, 2]) }
        let task = Task { try await test.scrub.run() }
        test.clocks.whileSleeping { _ in
            if let round = test.scrub.status.round, round.copies > 0 { task.cancel() }
        }
        await #expect(throws: ScrubError.self) { try await task.value }
        let before = try #require(test.scrub.status.round)
        #expect(before.copies > 0 && before.copies < 40)
        test.clocks.whileSleeping(nil)
        let again = try test.reopened()
        #expect(again.scrub.isDue)
        #expect(again.scrub.status.round?.named == 40)
        let round = try await again.scrub.run()
        #expect(round.copies == 40 && round.named == 40 && round.isSound)
        // The catalog was looked at before.
        #expect(round.catalog.entries == 0)
    }

    @Test func `leaves what nothing can name to the sweep, and counts it`() async throws {
        let test = try Fixture()
        let kept = try await test.push([1])
        let gone = try await test.push([2])
        try await test.registry.change(Fixture.name, .deleteBlob(gone))
        for _ in 0..<2 {
            let epoch = try test.registry.read { view throws(CatalogError) in try view.epoch() }
            try await test.registry.change(Fixture.name, .raiseEpoch(from: epoch))
        }
        try test.flip(gone, bit: 0)
        let round = try await test.scrubNow()
        #expect(round.orphans == 1 && round.setAside == 0 && round.isSound)
        let orphaned = test.events.compactMap { event -> Digest? in
            if case .orphaned(let digest, generation: 2) = event { digest } else { nil }
        }
        #expect(orphaned == [gone])
        #expect(try await test.serves(kept))
    }

    @Test func `a state of another store, or that cannot be read, costs a round and no more`()
        async throws
    {
        let test = try Fixture()
        try await test.push([1])
        _ = try await test.scrubNow()
        for text in ["", "breakwater scrub 2\n", "breakwater scrub 3\nstore x\n", "\u{0}"] {
            let file = try test.temporary.directory.open("scrub", .writeOrCreate)
            try file.truncate(to: 0)
            try file.write(Array(text.utf8).span, at: 0)
            let again = try test.reopened()
            #expect(again.scrub.status.sinceRound == nil && again.scrub.isDue)
            #expect(again.scrub.notice?.contains("is damaged or of another form") == true)
            #expect(try await again.scrub.run().copies == 1)
            try again.catalog.close()
        }
    }

    @Test func `a state is read as it was written`() throws {
        var state = ScrubState(store: Identifier(from: LinuxRandom()), incarnation: 3)
        (state.began, state.ended, state.bytesTotal) = (5, 6, 7)
        state.counts = [1, 2, 3, 4, 5, 6, 7]
        state.damagedEntries = [
            CatalogScrub.EntryPlace(scope: .region, position: 8),
            CatalogScrub.EntryPlace(scope: .estate, position: 9),
        ]
        for number in 0..<1003 {
            let flaw = number % 4 == 3 ? nil : Flaw.allCases[number % 4]
            state.add(
                Scrub.Loss(digest: Digest.of(Array("\(number)".utf8)), generation: 2, flaw: flaw)
            )
        }
        #expect(state.losses.count == 1000)
        #expect(state.losses.map(\.digest) == state.losses.map(\.digest).sorted())
        let isAdded = state.addNew(
            Scrub.Loss(digest: Digest.of(Array("new".utf8)), generation: 2, flaw: nil)
        )
        #expect(!isAdded && state.losses.count == 1000)
        #expect(state.text.count < ScrubState.fileMax)
        let digest = Digest.of([1])
        let places: [ScrubState.Place] = [
            .idle, .catalog, .names(after: nil), .names(after: digest), .copies(0, after: nil),
            .copies(7, after: digest), .copies(7, after: nil, isBegun: true),
        ]
        for place in places {
            state.place = place
            #expect(ScrubState(state.text, store: state.store, incarnation: 3) == state)
        }
        // Whatever rot makes of the file, it names a damaged entry, for which no change is taken.
        let text = state.text
        for bit in stride(from: 0, to: text.count * 8, by: 997) {
            var flipped = text
            flipped[bit / 8] ^= 1 << (bit % 8)
            let read = ScrubState(flipped, store: state.store, incarnation: 3)
            #expect(!read.damagedEntries.isEmpty && read.losses.isEmpty && read.place == .idle)
        }
        let next = ScrubState(state.text, store: state.store, incarnation: 4)
        #expect(next.damagedEntries.isEmpty && next.losses == state.losses)
        let other = ScrubState(state.text, store: Identifier(from: LinuxRandom()), incarnation: 3)
        #expect(other.losses.isEmpty && other.place == .idle)
    }
}

/// Numbers that follow from a seed (SplitMix64).
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, bound)))
    }
}
