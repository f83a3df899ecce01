// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

/// The clock that decides what has ended: the wall clock, unless that runs away.
///
/// It runs at least as fast as the monotonic clock and never goes back. A wall clock that is up to a day
/// ahead of it is believed at once; one further ahead is followed at two days a day, so that a mistaken
/// clock ends nothing at once, and a node that was switched off for months still catches up.
public final class ExpiryClock: Sendable {
    /// How far ahead a wall clock is believed at once, in milliseconds.
    public static let believedMilliseconds = Moment.dayMilliseconds

    fileprivate struct State {
        /// What it showed at `since`, in milliseconds since 1970.
        var reading: UInt64
        var since: Duration
        var isCatchingUp = false
    }

    private let clocks: any Clocks
    private let state = Mutex<State?>(nil)

    /// A clock that begins where the journal says, when it is first looked at.
    public init(_ clocks: any Clocks) {
        self.clocks = clocks
    }

    /// What it shows, in milliseconds since 1970; `horizon` is the latest time that the journal knows, 0 for
    /// none.
    public func now(horizon: UInt64) -> UInt64 {
        let (wall, since) = (clocks.wallMilliseconds(), clocks.monotonic())
        return state.withLock { state in
            var next = state ?? State(reading: horizon == 0 ? wall : horizon, since: since)
            next.advance(to: since, wall: wall)
            // Another node, or a command, let it run.
            next.reading = max(next.reading, horizon)
            state = next
            return next.reading
        }
    }

    /// What it shows, in milliseconds since 1970; nil before it was first looked at.
    public var reading: UInt64? {
        let isBegun = state.withLock { $0 != nil }
        return isBegun ? now(horizon: 0) : nil
    }

    /// How far the wall clock is ahead while it is not believed, in milliseconds; nil while it is.
    public var ahead: UInt64? {
        let wall = clocks.wallMilliseconds()
        return state.withLock { state in
            guard let state, state.isCatchingUp, wall > state.reading else { return nil }
            return wall - state.reading
        }
    }

    /// Believes the wall clock from here on, and returns what it shows.
    public func accept(horizon: UInt64) -> UInt64 {
        let reading = max(now(horizon: horizon), clocks.wallMilliseconds())
        state.withLock { state in
            state?.isCatchingUp = false
            state?.reading = reading
        }
        return reading
    }
}

extension ExpiryClock.State {
    fileprivate mutating func advance(to now: Duration, wall: UInt64) {
        // Whole milliseconds, so that what is left of one counts the next time.
        let elapsed = UInt64(max(0, (now - since) / .milliseconds(1)))
        since += .milliseconds(Int64(clamping: elapsed))
        let free = reading + elapsed
        guard wall > free else {
            (reading, isCatchingUp) = (free, false)
            return
        }
        if !isCatchingUp, wall - free <= ExpiryClock.believedMilliseconds {
            reading = wall
            return
        }
        reading = min(wall, free + elapsed)
        isCatchingUp = reading < wall
    }
}
