// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

/// A lifeline that notes why it was told to end the process, and goes on.
public final class NotedLifeline: Lifeline {
    private let noted = Mutex<[String]>([])

    /// Makes one that was told nothing yet.
    public init() {}

    /// What it was told.
    public var reasons: [String] { noted.withLock(\.self) }

    /// Notes the reason.
    public func halt(_ reason: String) {
        noted.withLock { $0.append(reason) }
    }
}

/// Clocks that stand still until a test moves them.
public final class HandClocks: Clocks {
    private let state = Mutex<(wall: UInt64, passed: Duration)>((1_700_000_000_000, .zero))

    /// Makes clocks at a fixed moment.
    public init() {}

    /// The wall clock.
    public func wallMilliseconds() -> UInt64 { state.withLock { $0.wall } }
    /// The clock that never goes back.
    public func monotonic() -> Duration { state.withLock { $0.passed } }

    /// Lets time pass on both clocks.
    public func advance(_ duration: Duration) {
        state.withLock { state in
            state.passed += duration
            state.wall += UInt64(duration / .milliseconds(1))
        }
    }

    /// Sets the wall clock, forward or back, as an operator does.
    public func setWall(_ milliseconds: UInt64) {
        state.withLock { $0.wall = milliseconds }
    }

    /// Passes the time at once.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        advance(duration)
    }
}

/// Chance that is the same in every process: the first draw, the second, and so on.
public final class CountedRandom: RandomSource {
    private let drawn = Mutex<UInt64>(0)

    /// Makes one that begins with the first draw.
    public init() {}

    /// The next bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        let number = drawn.withLock { drawn in
            drawn += 1
            return drawn
        }
        return patterned(count, seed: number)
    }
}
