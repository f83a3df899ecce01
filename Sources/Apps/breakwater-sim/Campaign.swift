// SPDX-License-Identifier: Apache-2.0

import Simulation
import Synchronization

/// Many seeds, a few at a time.
final class Campaign: Sendable {
    /// Lines of a failed seed's trace that are printed unless all are asked for.
    private static let linesMax = 60
    /// Failed seeds that are printed with their trace.
    private static let storiesMax = 3

    private struct State {
        var next: UInt64
        var summary = Summary()
    }

    private let arguments: Arguments
    private let state: Mutex<State>

    init(_ arguments: Arguments) {
        self.arguments = arguments
        state = Mutex(State(next: arguments.from))
    }

    /// What came of it so far.
    var summary: Summary { state.withLock { $0.summary } }

    /// Runs all seeds.
    func run() async {
        let clock = ContinuousClock()
        let start = clock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<arguments.jobs { group.addTask { self.work() } }
        }
        let summary = summary
        if arguments.printsSummary { for line in summary.lines { print(line) } }
        let (seconds, attoseconds) = start.duration(to: clock.now).components
        let milliseconds = max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
        let hundredths = summary.seeds * 100_000 / milliseconds
        print(
            "\(summary.seeds) seeds from \(arguments.from), scenario \(arguments.scenario.name): "
                + "\(summary.failed.count) failed, \(hundredths / 100)."
                + "\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) seeds/s"
        )
    }

    /// Runs one seed after the other; blocks this thread, of which there is one for each job.
    private func work() {
        while let seed = takeSeed() {
            var options = arguments.scenario.options(seed: seed)
            if let operations = arguments.operations { options.operations = operations }
            let report = Simulation(options).run()
            let failures = state.withLock { state in
                state.summary.add(report)
                return state.summary.failed.count
            }
            if !report.violations.isEmpty { tell(report, isFull: failures <= Campaign.storiesMax) }
        }
    }

    private func takeSeed() -> UInt64? {
        state.withLock { state in
            guard state.next - arguments.from < arguments.seeds else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func tell(_ report: Simulation.Report, isFull: Bool) {
        var text = "seed \(report.seed) failed:\n"
        for violation in report.violations { text += "  \(violation)\n" }
        if isFull {
            let lines =
                arguments.printsTrace ? report.lines : report.lines.suffix(Campaign.linesMax)
            for line in lines { text += "    \(line)\n" }
        }
        text += "  again: breakwater-sim --seeds 1 --from \(report.seed) "
        text += "--scenario \(arguments.scenario.name)"
        print(text)
    }
}
