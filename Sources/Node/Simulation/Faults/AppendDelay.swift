// SPDX-License-Identifier: Apache-2.0

import Journal

/// How long a sequencer takes for an append: mostly little, and sometimes so long that several clients
/// come meanwhile and share the next one.
enum AppendDelay {
    /// The longest that most take, in microseconds.
    private static let shortMax = 4000
    /// The longest that one in so many takes, in microseconds.
    private static let longMax = 300_000
    private static let longOneIn = 5

    static func draw(_ generator: inout SeededGenerator) -> Duration {
        let isLong = generator.chance(1, in: longOneIn)
        return .microseconds(generator.below(isLong ? longMax : shortMax))
    }
}

extension Findings {
    /// Notes how a batch came together.
    func noteAppend(_ batch: Batch) {
        let isShared = batch.entries.count { $0.scope == .region } > 1
        if isShared { count("changes shared a commit") }
    }
}
