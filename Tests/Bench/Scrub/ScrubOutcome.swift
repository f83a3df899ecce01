// SPDX-License-Identifier: Apache-2.0

/// What pairs of windows of one load came to, with the scrub and without.
struct ScrubFigures {
    /// What was reached in each pair.
    private(set) var pairs: [(without: Double, with: Double)] = []

    mutating func add(without: Double, with: Double) {
        pairs.append((without, with))
    }

    var without: Double { ScrubFigures.median(pairs.map(\.without)) }
    var with: Double { ScrubFigures.median(pairs.map(\.with)) }
    /// The median of what is left of each pair's first window in its second.
    var ratio: Double { ScrubFigures.median(pairs.map { $0.with / $0.without }) }
    var ratios: (least: Double, greatest: Double) {
        let ratios = pairs.map { $0.with / $0.without }
        return (ratios.min() ?? .nan, ratios.max() ?? .nan)
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// A run's figures, and its bars.
struct ScrubOutcome {
    /// What 10 TB in 7 days need, in bytes a second.
    static let budget = 17_000_000.0
    /// How much of the budget the scrub must have read, and how much it may, while others pull.
    private static let budgetShares = 0.8...1.1
    private static let ratioMin = 0.9

    var blobs: ScrubFigures
    var manifests: ScrubFigures
    /// Bytes a second that the scrub read in each window that had it.
    var scrubbed: [Double]

    private struct Bar {
        var text: String
        var isMet: Bool
    }

    private var bars: [Bar] {
        let median = ScrubFigures.median(scrubbed)
        let isAtBudget = ScrubOutcome.budgetShares.contains(median / ScrubOutcome.budget)
        let (least, greatest) = (scrubbed.min() ?? .nan, scrubbed.max() ?? .nan)
        return [
            bar(blobs, "blobs") { Unit.megabytesPerSecond.text($0 / 1e6) },
            bar(manifests, "manifests") { "\(Unit.rounded($0, 0))/s" },
            Bar(
                text: "scrubbed meanwhile: \(Unit.megabytesPerSecond.text(median / 1e6)) "
                    + "(windows of \(Unit.rounded(least / 1e6, 1)) to "
                    + "\(Unit.rounded(greatest / 1e6, 1))) of "
                    + "\(Unit.megabytesPerSecond.text(ScrubOutcome.budget / 1e6)) "
                    + "(\(ScrubOutcome.budgetShares.lowerBound) to "
                    + "\(ScrubOutcome.budgetShares.upperBound) ×)",
                isMet: isAtBudget
            ),
        ]
    }

    private func bar(_ figures: ScrubFigures, _ name: String, _ text: (Double) -> String) -> Bar {
        let (least, greatest) = figures.ratios
        return Bar(
            text:
                "\(name): \(text(figures.without)) without, \(text(figures.with)) with the scrub: "
                + "\(Unit.rounded(figures.ratio, 2)) × (≥ \(ScrubOutcome.ratioMin); pairs of "
                + "\(Unit.rounded(least, 2)) to \(Unit.rounded(greatest, 2)))",
            isMet: figures.ratio >= ScrubOutcome.ratioMin
        )
    }

    var isMet: Bool { bars.allSatisfy(\.isMet) }
    var lines: [String] { bars.map { ($0.isMet ? "met     " : "missed  ") + $0.text } }
}
