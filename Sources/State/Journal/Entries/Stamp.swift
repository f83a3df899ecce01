// SPDX-License-Identifier: Apache-2.0

public import Platform

/// The hybrid clock value that decides between writes: the greater stamp wins, everywhere.
///
/// Given when a change is decided: max(wall clock, greatest stamp the catalog has seen) + 1, ties
/// between regions broken by region id. In one region stamp order is position order.
public struct Stamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970, or more when clocks were behind what had been seen.
    public var milliseconds: UInt64
    /// Counts up inside a millisecond.
    public var counter: UInt32
    /// The region that gave it.
    public var region: Identifier

    /// Makes a stamp.
    public init(milliseconds: UInt64, counter: UInt32, region: Identifier) {
        self.milliseconds = milliseconds
        self.counter = counter
        self.region = region
    }

    /// By time, then counter, then region.
    public static func < (left: Stamp, right: Stamp) -> Bool {
        (left.milliseconds, left.counter, left.region)
            < (right.milliseconds, right.counter, right.region)
    }

    /// The next stamp of `region`: greater than `seen`, and not behind the clock.
    public static func next(clock: UInt64, seen: Stamp?, region: Identifier) -> Stamp {
        guard let seen, seen.milliseconds >= clock else {
            return Stamp(milliseconds: clock, counter: 0, region: region)
        }
        guard seen.counter < .max else {
            return Stamp(milliseconds: seen.milliseconds + 1, counter: 0, region: region)
        }
        return Stamp(
            milliseconds: seen.milliseconds,
            counter: seen.counter + 1,
            region: region
        )
    }
}
