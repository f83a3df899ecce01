// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import OCI
import Platform
import Synchronization
import Testing

@testable import Scrub

@Suite(.timeLimit(.minutes(10))) struct `The pace of the scrub` {
    @Test func `goes on after each restart where copies are so large that few are read between`()
        async throws
    {
        let slow: (inout Scrub.Options) -> Void = { ($0.rateMin, $0.portion) = (1000, 10_000) }
        var test = try Fixture(slow)
        for number in 0..<5 as Range<UInt8> {
            try await test.push([UInt8](repeating: number, count: 100_000))
        }
        for copies in 1...4 as ClosedRange<UInt64> {
            try await test.breakOff { $0.round?.copies == copies }
            test = try test.reopened(slow)
            #expect(test.scrub.status.round?.copies == copies)
        }
        let round = try await test.scrub.run()
        // What was read of a copy that was begun does not count.
        #expect(round.copies == 5 && round.bytes == 500_000 && round.isSound)
    }

    @Test func `notes how far it is at each large copy`() async throws {
        let test = try Fixture { ($0.rateMin, $0.portion) = (1000, 10_000) }
        for number in 0..<3 as Range<UInt8> {
            try await test.push([UInt8](repeating: number, count: 50_000))
        }
        let unnoted = Mutex(0)
        defer { test.clocks.whileSleeping(nil) }
        test.clocks.whileSleeping { _ in
            // As a process finds it that begins after a kill.
            let text = try? test.temporary.directory.contents(
                of: ScrubState.fileName,
                limit: ScrubState.fileMax
            )
            let state = ScrubState(text, store: test.blobs.id, incarnation: 1)
            let isNoted =
                ScrubState.round(state.counts).copies == test.scrub.status.round?.copies
            if !isNoted { unnoted.withLock { $0 += 1 } }
        }
        #expect(try await test.scrub.run().copies == 3)
        #expect(unnoted.withLock { $0 } == 0)
    }

    @Test func `reads a copy it was stopped in at the greatest rate, and no other`() async throws {
        let slow: (inout Scrub.Options) -> Void = { ($0.rateMin, $0.portion) = (1000, 10_000) }
        let test = try Fixture(slow)
        for number in 0..<2 as Range<UInt8> {
            try await test.push([UInt8](repeating: number, count: 500_000))
        }
        let sleeps = Mutex(0)
        try await test.breakOff { status in
            guard status.round?.named == 2 else { return false }
            return sleeps.withLock { sleeps in
                sleeps += 1
                return sleeps == 10
            }
        }
        let again = try test.reopened(slow)
        #expect(again.scrub.status.round?.copies == 0)
        let start = again.clocks.monotonic()
        let round = try await again.scrub.run()
        #expect(round.copies == 2 && round.bytes == 1_000_000)
        let took = again.clocks.monotonic() - start
        #expect(took > .seconds(500) && took < .seconds(600))
    }

    // The second time the period is over before it goes on.
    @Test(arguments: [4000, 20_000])
    func `keeps its period after a stop, if the greatest rate allows`(stop: Int) async throws {
        let period: (inout Scrub.Options) -> Void = { options in
            (options.rateMin, options.portion) = (1, 1 << 16)
            options.period = .seconds(10_000)
        }
        let test = try Fixture(period)
        for number in 0..<20 as Range<UInt8> {
            try await test.push([UInt8](repeating: number, count: 1 << 20))
        }
        let start = test.clocks.monotonic()
        try await test.breakOff { $0.round?.copies == 5 }
        try await test.clocks.sleep(for: .seconds(stop))
        let again = try test.reopened(period)
        let goesOn = again.clocks.monotonic()
        #expect(try await again.scrub.run().copies == 20)
        let end = again.clocks.monotonic()
        if goesOn - start < .seconds(10_000) {
            #expect(end - start > .seconds(8000) && end - start < .seconds(10_000))
        } else {
            #expect(end - goesOn < .seconds(10))
        }
    }

    // Small copies cost what opening them does.
    @Test(arguments: [(20, 1 << 20), (300, 5)])
    func `takes as long as its period allows, and less where it is told`(
        count: Int,
        size: Int
    ) async throws {
        let test = try Fixture { options in
            (options.rateMin, options.portion) = (1, 1 << 16)
            options.period = .seconds(10_000)
        }
        for number in 0..<count {
            var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
            bytes[0] = UInt8(number >> 8)
            try await test.push(bytes)
        }
        _ = try await test.scrubNow()
        let start = test.clocks.monotonic()
        let round = try await test.scrub.run()
        let took = test.clocks.monotonic() - start
        #expect(round.copies == count)
        #expect(took > .seconds(8000) && took < .seconds(10_500))
        let urgent = test.clocks.monotonic()
        _ = try await test.scrubNow()
        #expect(test.clocks.monotonic() - urgent < .seconds(10))
    }

    @Test(arguments: [false, true])
    func `the looks at the catalog and at names leave most of the time to others, but by command`(
        isUrgent: Bool
    ) async throws {
        let test = try Fixture()
        try await test.push([1])
        let slept = Mutex((catalog: Duration.zero, names: Duration.zero))
        test.clocks.take(perLook: .seconds(1))
        defer { test.clocks.whileSleeping(nil) }
        test.clocks.whileSleeping { duration in
            let round = test.scrub.status.round
            slept.withLock { slept in
                if round?.catalog.entries ?? 0 == 0 {
                    slept.catalog += duration
                } else if round?.named == 0 {
                    slept.names += duration
                }
            }
        }
        _ = try await isUrgent ? test.scrubNow() : test.scrub.run()
        let (catalog, names) = slept.withLock { ($0.catalog, $0.names) }
        if isUrgent {
            #expect(catalog < .seconds(3) && names < .seconds(3))
        } else {
            // At least its pages, the two journals and some tables.
            #expect(catalog >= .seconds(3 * 4))
            #expect(names >= .seconds(3))
        }
    }

    @Test func `opening a copy that takes long leaves most of the time to others`() async throws {
        let test = try Fixture()
        try await test.push([1])
        let slept = Mutex(Duration.zero)
        test.clocks.take(perLook: .seconds(1))
        defer { test.clocks.whileSleeping(nil) }
        test.clocks.whileSleeping { duration in
            guard test.scrub.status.round?.named == 1 else { return }
            slept.withLock { $0 += duration }
        }
        #expect(try await test.scrub.run().copies == 1)
        // As much for reading its only byte.
        #expect(slept.withLock { $0 } >= .seconds(6))
    }

    @Test func `what it has read shows after each copy`() async throws {
        let test = try Fixture { $0.rateMin = 1 }
        for number in 0..<7 as Range<UInt8> {
            try await test.push([UInt8](repeating: number, count: 50_000))
        }
        let shown = Mutex<Set<UInt64>>([])
        defer { test.clocks.whileSleeping(nil) }
        test.clocks.whileSleeping { _ in
            let bytes = test.scrub.status.bytesRead
            shown.withLock { _ = $0.insert(bytes) }
        }
        _ = try await test.scrub.run()
        #expect(shown.withLock { $0 }.isSuperset(of: (0..<7).map { $0 * 50_000 }))
    }

    @Test func `a round by command does not wait for the one under way`() async throws {
        let test = try Fixture { $0.rateMin = 1 }
        for number in 0..<20 as Range<UInt8> {
            try await test.push([UInt8](repeating: number, count: 50_000))
        }
        let (slow, urgent) = try await test.overtake { $0.round?.copies ?? 0 > 0 }
        #expect(urgent.copies == 20 && !urgent.isBrokenOff)
        #expect(slow.isBrokenOff)
    }

    @Test func `a round by command waits for no copy that is being read`() async throws {
        let test = try Fixture { ($0.rateMin, $0.portion) = (1000, 1000) }
        try await test.push([UInt8](repeating: 1, count: 1_000_000))
        let (slow, urgent) = try await test.overtake { $0.round?.named == 1 }
        #expect(slow.isBrokenOff && slow.copies == 0 && slow.bytes <= 2000)
        #expect(urgent.copies == 1 && !urgent.isBrokenOff)
    }

    @Test func `a round by command waits for no look at the catalog`() async throws {
        let test = try Fixture()
        for number in 0..<20 as Range<UInt8> { try await test.push([number]) }
        let (slow, urgent) = try await test.overtake { _ in true }
        #expect(slow.isBrokenOff && slow.catalog.entries == 0 && slow.named == 0)
        #expect(urgent.isSound && urgent.catalog.isCompared && urgent.copies == 20)
    }
}
