// SPDX-License-Identifier: Apache-2.0

/// What many runs came to: what happened in how many of them, and how often on average.
public struct Summary: Sendable {
    /// How many seeds were run.
    public private(set) var seeds = 0
    /// Seeds in which something was found wrong, in order.
    public private(set) var failed: [UInt64] = []
    /// Seeds with a history that was too long to be judged, in order; at most `listedMax`.
    public private(set) var undecided: [UInt64] = []
    private static let listedMax = 20
    private var seedsWith: [String: Int] = [:]
    private var totals: [String: Int] = [:]
    private var days: Int64 = 0
    private var kinds = 0

    /// Makes a summary of nothing.
    public init() {}

    /// Adds a run.
    public mutating func add(_ report: Simulation.Report) {
        seeds += 1
        if !report.violations.isEmpty {
            failed.append(report.seed)
            failed.sort()
        }
        if report.counts["history undecided", default: 0] > 0,
            undecided.count < Summary.listedMax
        {
            undecided.append(report.seed)
            undecided.sort()
        }
        days += report.virtualTime.components.seconds / 86_400
        kinds += report.kindsOfFault
        for (what, count) in report.counts where count > 0 {
            seedsWith[what, default: 0] += 1
            totals[what, default: 0] += count
        }
    }

    /// Whether `what` happened in at least `percent` of the seeds.
    public func happened(_ what: String, inPercent percent: Int) -> Bool {
        (seedsWith[what] ?? 0) * 100 >= percent * seeds
    }

    /// How often `what` happened in all seeds together.
    public func total(_ what: String) -> Int { totals[what] ?? 0 }

    /// What a seed was on average, on one line.
    public var averages: String {
        "a seed on average: \(average(totals["client operation"] ?? 0)) client operations, "
            + "\(average(totals["life ended: crashed"] ?? 0)) crashes with restart, "
            + "\(average(kinds)) kinds of fault, \(average(Int(days))) days of virtual time"
    }

    /// With one digit behind the point.
    private func average(_ total: Int) -> String {
        let tenths = total * 10 / max(1, seeds)
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// One line for everything that happened: in how many percent of the seeds, and how often in one.
    public var lines: [String] {
        totals.keys.sorted().map { what in
            let share = (seedsWith[what] ?? 0) * 100 / max(1, seeds)
            let padded = what + String(repeating: " ", count: max(1, 44 - what.utf8.count))
            return "\(padded)\(share) % of the seeds, \(average(totals[what] ?? 0)) a seed"
        }
    }
}
