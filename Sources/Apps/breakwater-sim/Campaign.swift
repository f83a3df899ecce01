// SPDX-License-Identifier: Apache-2.0

import Simulation
import Synchronization

/// Many seeds, a few at a time.
final class Campaign: Sendable {
    /// Lines of a failed seed's trace that are printed unless all are asked for.
    private static let linesMax = 60
    /// Failed seeds that are printed with their trace.
    private static let storiesMax = 3

    /// A story that is told.
    private struct Story {
        var seed: UInt64
        var crashPoint: CrashPoint?
    }

    private struct State {
        var next: UInt64
        /// Moments of the seed before `next` at which a crash is still to be tried, the last first.
        var moments: [CrashPoint] = []
        var summary = Summary()
        /// What stories without a crash left undone.
        var undone: [String] = []
    }

    /// How long a failed seed's story is made shorter.
    private static let shrinkFor = Duration.seconds(60)

    private let arguments: Arguments
    private let end: ContinuousClock.Instant?
    private let state: Mutex<State>

    init(_ arguments: Arguments) {
        self.arguments = arguments
        end = arguments.minutes.map { ContinuousClock.now + .seconds(60 * $0) }
        state = Mutex(State(next: arguments.from))
    }

    /// What came of it so far.
    var summary: Summary { state.withLock { $0.summary } }

    /// What a run of so many whole seeds should have met more often, or not at all.
    private var misses: [String] {
        let undecided = summary.total("history undecided")
        let misses = rarities + state.withLock { $0.undone }
        guard undecided > 0 else { return misses }
        let seeds = summary.undecided.map { "\($0)" }.joined(separator: ", ")
        return misses + [
            "\(undecided) histories were too long to be judged, which is no pass (seeds \(seeds))"
        ]
    }

    private var rarities: [String] {
        let isWhole =
            arguments.scenario == .general && arguments.operations == nil && arguments.only == nil
        return isWhole ? Thresholds.misses(of: summary) : []
    }

    /// Whether nothing was found wrong, and enough of everything was met.
    var holds: Bool { summary.failed.isEmpty && misses.isEmpty }

    /// Runs all seeds.
    func run() async {
        let clock = ContinuousClock()
        let start = clock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<arguments.jobs { group.addTask { self.work() } }
        }
        let summary = summary
        if arguments.printsSummary { for line in summary.lines { print(line) } }
        print(summary.averages)
        for miss in misses { print("shows too little: \(miss)") }
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
        while let story = takeStory() {
            let options = options(story)
            let report = Simulation(options).run()
            let failures = state.withLock { state in
                state.summary.add(report)
                if isWhole(story) { state.undone += Thresholds.undone(in: report) }
                return state.summary.failed.count
            }
            guard !report.violations.isEmpty else { continue }
            let isFull = failures <= Campaign.storiesMax
            tell(report, options, isFull: isFull)
            if isFull, arguments.only == nil { tellShorter(report, options) }
        }
    }

    /// Whether a story has a script that nothing keeps from its end.
    private func isWhole(_ story: Story) -> Bool {
        arguments.scenario.triesEachMoment && arguments.only == nil && story.crashPoint == nil
    }

    private func options(_ story: Story) -> Simulation.Options {
        var options = arguments.scenario.options(seed: story.seed)
        options.crashPoint = story.crashPoint
        if let operations = arguments.operations { options.operations = operations }
        options.only = arguments.only
        return options
    }

    private func takeStory() -> Story? {
        state.withLock { state in
            if let end, ContinuousClock.now >= end { return nil }
            if let moment = state.moments.popLast() {
                return Story(seed: state.next - 1, crashPoint: moment)
            }
            guard state.next - arguments.from < arguments.seeds else { return nil }
            defer { state.next += 1 }
            let story = Story(seed: state.next, crashPoint: arguments.crashPoint)
            if arguments.scenario.triesEachMoment, arguments.crashPoint == nil {
                state.moments = moments(of: story)
            }
            return story
        }
    }

    /// Each moment of a story at which its machine may stop, found by telling it once without a crash.
    private func moments(of story: Story) -> [CrashPoint] {
        var options = options(story)
        options.notesMoments = true
        return Simulation(options).run().moments.crashPoints.reversed()
    }

    private func tell(
        _ report: Simulation.Report,
        _ options: Simulation.Options,
        isFull: Bool
    ) {
        var text = "seed \(report.seed) failed:\n"
        for violation in report.violations { text += "  \(violation)\n" }
        if isFull { text += story(report) }
        text += "  again: \(command(options))"
        if let only = arguments.only { text += Campaign.only(only) }
        print(text)
    }

    /// Prints a failed seed's story once more, without what it fails without.
    private func tellShorter(_ report: Simulation.Report, _ options: Simulation.Options) {
        let begin = ContinuousClock.now
        let end = begin + Campaign.shrinkFor
        guard let shrunk = Shrinker(options).shrink(report, until: { ContinuousClock.now >= end })
        else { return print("seed \(report.seed) did not fail again, which is a bug of ours") }
        let parts = shrunk.report.parts
        let operations = parts.count { $0.isOperation }
        var text = "seed \(report.seed) made shorter in "
        text += "\(begin.duration(to: .now).components.seconds) s and \(shrunk.runs) runs, from "
        text += "\(shrunk.partsBefore) parts to \(operations) operations and "
        text += "\(parts.count - operations) others:\n"
        for violation in shrunk.report.violations { text += "  \(violation)\n" }
        text += story(shrunk.report)
        text += "  again: \(command(options))\(Campaign.only(Set(parts)))"
        print(text)
    }

    /// What happened, in full where that was asked for.
    private func story(_ report: Simulation.Report) -> String {
        let lines = arguments.printsTrace ? report.lines : report.lines.suffix(Campaign.linesMax)
        return lines.map { "    \($0)\n" }.joined()
    }

    private func command(_ options: Simulation.Options) -> String {
        "breakwater-sim --seeds 1 --from \(options.seed) --scenario \(arguments.scenario.name)"
            + (options.crashPoint.map { " --crash-at \($0)" } ?? "")
            + (arguments.operations.map { " --operations \($0)" } ?? "")
    }

    private static func only(_ parts: Set<Part>) -> String {
        " --only " + parts.map(\.description).sorted().joined(separator: ",")
    }
}
