// SPDX-License-Identifier: Apache-2.0

/// How fast bytes go while they are waited for, from look to look.
struct Meter {
    /// The least there may be.
    struct Bound {
        /// Bytes a second; 0 for any.
        let min: UInt64
        /// Over how many nanoseconds of waiting.
        let window: UInt64

        init(_ min: Int, _ window: Duration) {
            self.min = UInt64(max(0, min))
            self.window = max(1, window.nanoseconds)
        }
    }

    /// The most a look counts for, in nanoseconds: one that comes later says that this machine stood still,
    /// and nothing of its clients.
    static let lookMax: UInt64 = 2_000_000_000

    /// How many there were at the last look; nil before the first.
    private var known: UInt64?
    /// For how long was waited, and how many went in that time.
    private var waited: UInt64 = 0
    private var gone: UInt64 = 0

    /// Whether, now that there are `count`, so many nanoseconds after the last look, they were too few.
    mutating func isSlow(_ count: UInt64, after elapsed: UInt64, _ bound: Bound) -> Bool {
        if let known {
            waited += min(elapsed, Meter.lookMax)
            gone += count >= known ? count - known : 0
        }
        known = count
        guard waited >= bound.window else { return false }
        defer { (waited, gone) = (0, 0) }
        return Double(gone) < Double(bound.min) * Double(waited) / 1e9
    }
}
