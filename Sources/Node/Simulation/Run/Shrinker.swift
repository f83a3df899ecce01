// SPDX-License-Identifier: Apache-2.0

/// Makes the story of a seed that failed shorter, as long as the same invariant is violated.
public struct Shrinker: Sendable {
    /// What came of it.
    public struct Shrunk: Sendable {
        /// The shortest run that still fails.
        public var report: Simulation.Report
        /// The options that play it again.
        public var options: Simulation.Options
        /// Parts the first run had.
        public var partsBefore: Int
        /// Runs it took.
        public var runs: Int
    }

    private let options: Simulation.Options

    /// Makes the shrinker of a run with these options.
    public init(_ options: Simulation.Options) {
        self.options = options
    }

    /// Shortens a run that failed, until nothing more can go or `isOver`.
    ///
    /// Every run is a whole one from its beginning, so that the shortest replays exactly; nil when the
    /// first cannot be had again, which would be a bug of the simulator's own.
    public func shrink(
        _ failed: Simulation.Report,
        until isOver: () -> Bool
    ) -> Shrunk? {
        guard let invariant = failed.violations.first?.invariant else { return nil }
        var best: (report: Simulation.Report, options: Simulation.Options)?
        var runs = 0
        let fails = { (parts: [Part]) -> Bool in
            var options = options
            options.only = Set(parts)
            let report = Simulation(options).run()
            runs += 1
            guard report.violations.first?.invariant == invariant else { return false }
            best = (report, options)
            return true
        }
        guard fails(failed.parts) else { return nil }
        _ = minimise(failed.parts, until: isOver, fails)
        guard let best else { return nil }
        return Shrunk(
            report: best.report,
            options: best.options,
            partsBefore: failed.parts.count,
            runs: runs
        )
    }
}

/// The shortest list that still `fails`, found by leaving out ever smaller pieces (Zeller's ddmin);
/// where `isOver` comes first, the shortest until then.
///
/// `elements` fail, and stay in their order.
func minimise<Element>(
    _ elements: [Element],
    until isOver: () -> Bool,
    _ fails: ([Element]) -> Bool
) -> [Element] {
    var kept = elements
    var size = max(1, kept.count / 2)
    while !kept.isEmpty {
        var isShorter = false
        // From the end: what comes last is needed least often.
        var end = kept.count
        while end > 0 {
            guard !isOver() else { return kept }
            let start = max(0, end - size)
            let rest = Array(kept[..<start] + kept[end...])
            if fails(rest) {
                kept = rest
                isShorter = true
            }
            end = start
        }
        if size == 1, !isShorter { return kept }
        if !isShorter || size > kept.count { size = max(1, size / 2) }
    }
    return kept
}
