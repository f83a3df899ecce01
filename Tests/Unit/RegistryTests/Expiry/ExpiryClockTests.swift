// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import Testing

@testable import Registry

@Suite struct `The expiry clock` {
    private let clocks = HandClocks()
    private let day = Moment.dayMilliseconds
    private var start: UInt64 { 1_700_000_000_000 }

    @Test func `is the wall clock where the journal knows no time, or one of the last day`() {
        #expect(ExpiryClock(clocks).now(horizon: 0) == start)
        #expect(ExpiryClock(clocks).now(horizon: start - day) == start)
        let clock = ExpiryClock(clocks)
        _ = clock.now(horizon: 0)
        clocks.setWall(start + day)
        #expect(clock.now(horizon: 0) == start + day)
        #expect(clock.ahead == nil)
    }

    @Test func `follows a wall clock that jumped a year ahead at two days a day, with an alarm`() {
        let clock = ExpiryClock(clocks)
        _ = clock.now(horizon: 0)
        clocks.setWall(start + 365 * day)
        #expect(clock.now(horizon: 0) == start)
        #expect(clock.ahead == 365 * day)
        // However often it is asked.
        for _ in 0..<24 {
            clocks.advance(.seconds(3600))
            _ = clock.now(horizon: 0)
        }
        #expect(clock.now(horizon: 0) == start + 2 * day)
        clocks.advance(.seconds(364 * 86_400))
        #expect(clock.now(horizon: 0) == start + 730 * day)
        #expect(clock.ahead == nil)
    }

    @Test func `catches up from the journal's time after months switched off`() {
        let clock = ExpiryClock(clocks)
        #expect(clock.now(horizon: start - 90 * day) == start - 90 * day)
        clocks.advance(.seconds(45 * 86_400))
        #expect(clock.now(horizon: start - 90 * day) == start)
        clocks.advance(.seconds(45 * 86_400))
        #expect(clock.now(horizon: start - 90 * day) == start + 90 * day)
        #expect(clock.ahead == nil)
    }

    @Test func `believes a wall clock that the operator accepts`() {
        let clock = ExpiryClock(clocks)
        _ = clock.now(horizon: 0)
        clocks.setWall(start + 90 * day)
        #expect(clock.accept(horizon: 0) == start + 90 * day)
        #expect(clock.ahead == nil)
        clocks.advance(.seconds(1))
        #expect(clock.now(horizon: 0) == start + 90 * day + 1000)
    }

    @Test func `goes on by itself where the wall clock was set back`() {
        let clock = ExpiryClock(clocks)
        _ = clock.now(horizon: 0)
        clocks.setWall(start - 365 * day)
        clocks.advance(.seconds(86_400))
        #expect(clock.now(horizon: 0) == start + day)
        clocks.setWall(start + day + 5)
        #expect(clock.now(horizon: 0) == start + day + 5)
    }

    @Test func `never shows less than the journal`() {
        let clock = ExpiryClock(clocks)
        _ = clock.now(horizon: 0)
        #expect(clock.now(horizon: start + 9 * day) == start + 9 * day)
    }

    @Test func `loses nothing of a millisecond, however often it is asked`() {
        let clock = ExpiryClock(clocks)
        _ = clock.now(horizon: 0)
        clocks.setWall(0)
        for _ in 0..<4000 {
            clocks.advance(.microseconds(250))
            _ = clock.now(horizon: 0)
        }
        #expect(clock.now(horizon: 0) == start + 1000)
    }
}
