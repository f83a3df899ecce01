// SPDX-License-Identifier: Apache-2.0

/// What windows of one load came to, with the sweep and without.
struct SweepFigures {
    private var tails: [Bool: [Double]] = [:]
    private var rates: [Bool: [Double]] = [:]
    private var slowest: [Bool: Double] = [:]

    mutating func add(_ tail: Tail, perSecond: Double, isSwept: Bool) {
        tails[isSwept, default: []].append(tail.milliseconds)
        rates[isSwept, default: []].append(perSecond)
        slowest[isSwept] = max(slowest[isSwept] ?? 0, tail.slowest)
    }

    /// The median of the 99th percentiles, in milliseconds.
    func tail(isSwept: Bool) -> Double { SweepFigures.median(tails[isSwept] ?? []) }
    /// The median of the greatest rates, in requests a second.
    func rate(isSwept: Bool) -> Double { SweepFigures.median(rates[isSwept] ?? []) }
    /// The slowest request of all windows, in milliseconds.
    func slowest(isSwept: Bool) -> Double { slowest[isSwept] ?? .nan }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// A run's figures, and its bars.
struct SweepOutcome {
    /// A request may always take so long, in milliseconds.
    private static let slowestAllowed = 250.0

    var reads: SweepFigures
    var pushes: SweepFigures
    /// How much the server's greatest memory grew, in KiB.
    var grownKibibytes = 0.0
    var isWithinMemory = true

    init(reads: SweepFigures, pushes: SweepFigures) {
        (self.reads, self.pushes) = (reads, pushes)
    }

    private struct Bar {
        var text: String
        var isMet: Bool
    }

    private var bars: [Bar] {
        bars(reads, "reads", tailMax: 1.3) + bars(pushes, "pushes", tailMax: 1.5) + [
            Bar(
                text: "greatest memory +\(Unit.rounded(grownKibibytes / 1_024, 1)) MiB (≤ 20)",
                isMet: isWithinMemory
            )
        ]
    }

    private func bars(_ figures: SweepFigures, _ name: String, tailMax: Double) -> [Bar] {
        let tails = (figures.tail(isSwept: false), figures.tail(isSwept: true))
        let rates = (figures.rate(isSwept: false), figures.rate(isSwept: true))
        let slowest = (figures.slowest(isSwept: false), figures.slowest(isSwept: true))
        let slowestMax = max(SweepOutcome.slowestAllowed, 1.5 * slowest.0)
        return [
            Bar(
                text: "\(name): p99 \(Unit.rounded(tails.0, 2)) ms without, "
                    + "\(Unit.rounded(tails.1, 2)) ms with the sweep: "
                    + "\(Unit.rounded(tails.1 / tails.0, 2)) × (≤ \(tailMax))",
                isMet: tails.1 <= tailMax * tails.0
            ),
            Bar(
                text: "\(name): \(Unit.rounded(rates.0, 0))/s without, "
                    + "\(Unit.rounded(rates.1, 0))/s with: "
                    + "\(Unit.rounded(rates.1 / rates.0, 2)) × (≥ 0.9)",
                isMet: rates.1 >= 0.9 * rates.0
            ),
            Bar(
                text: "\(name): slowest \(Unit.rounded(slowest.0, 0)) ms without, "
                    + "\(Unit.rounded(slowest.1, 0)) ms with (≤ \(Unit.rounded(slowestMax, 0)))",
                isMet: slowest.1 <= slowestMax
            ),
        ]
    }

    var isMet: Bool { bars.allSatisfy(\.isMet) }
    var lines: [String] { bars.map { ($0.isMet ? "met     " : "missed  ") + $0.text } }
}
