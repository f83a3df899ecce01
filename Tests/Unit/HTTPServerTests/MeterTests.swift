// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HTTPServer

@Suite struct `The pace of a client` {
    private static let second: UInt64 = 1_000_000_000
    private static let bound = Meter.Bound(1_000, .seconds(10))

    /// What a meter says at each look: how many bytes there are, and how many seconds after the last one.
    private func verdicts(_ looks: [(count: UInt64, seconds: UInt64)]) -> [Bool] {
        var meter = Meter()
        return looks.map {
            meter.isSlow($0.count, after: $0.seconds * Self.second, Self.bound)
        }
    }

    @Test func `is too slow when too little came in the whole window`() {
        let looks = (0...10 as ClosedRange<UInt64>).map { (count: $0 * 999, seconds: UInt64(1)) }
        #expect(verdicts(looks) == Array(repeating: false, count: 10) + [true])
    }

    @Test func `is not too slow because this machine stood still`() {
        let stood: [(count: UInt64, seconds: UInt64)] = [(0, 1), (0, 60), (10_000, 8)]
        let after = Array(repeating: (count: UInt64(10_000), seconds: UInt64(1)), count: 7)
        #expect(!verdicts(stood + after).contains(true))
    }
}
