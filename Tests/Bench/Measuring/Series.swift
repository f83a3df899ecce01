// SPDX-License-Identifier: Apache-2.0

/// What was measured of one side of a figure, round by round.
struct Series: Sendable, Equatable {
    /// One value a round, the first round left out.
    private(set) var values: [Double] = []
    private var isWarm = false

    /// Adds a round's value; the first one warms up and is dropped.
    mutating func add(_ value: Double) {
        if isWarm { values.append(value) }
        isWarm = true
    }

    /// The value in the middle, or the mean of the two there.
    var median: Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    var least: Double { values.min() ?? .nan }
    var greatest: Double { values.max() ?? .nan }
}
