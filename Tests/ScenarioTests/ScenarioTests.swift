// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Simulation
import Testing

/// The simulator as a whole; `script/simulate` runs hundreds of seeds of it, optimised.
///
/// One after the other: a run keeps a processor to itself.
@Suite(.serialized, .timeLimit(.minutes(60))) struct `The product in a seeded world` {
    /// Runs block; the tests' own threads are for others.
    private let pool = BlockingPool(threadsMax: 1)

    private func run(_ options: Simulation.Options) async -> Simulation.Report {
        await withTaskExecutorPreference(pool) { await Self.play(options) }
    }

    @concurrent private static func play(_ options: Simulation.Options) async -> Simulation.Report {
        Simulation(options).run()
    }

    /// A sanitizer makes a seed ten times as long, and sees the same one thread in each.
    static let isSanitized = getenv("BREAKWATER_SANITIZER") != nil
    static let honest: [Scenario] = [.general, .crashes, .disk, .network, .clock]
    static let seeds: [UInt64] = isSanitized ? [1_000_003] : [1_000_003, 1_000_004]

    /// Operations of a seed here, without optimisation; `script/simulate` runs whole ones.
    private static let operations = 60

    /// Two seeds, other ones than `script/simulate` begins with.
    @Test(arguments: honest, seeds)
    func `keeps its promises in every scenario`(_ scenario: Scenario, _ seed: UInt64) async {
        // I1, I2, I3, I4, I5, I9, I10, I11.
        var options = scenario.options(seed: seed)
        options.operations = Self.operations
        let report = await run(options)
        #expect(
            report.violations.isEmpty,
            "breakwater-sim --seeds 1 --from \(seed) --scenario \(scenario.name) --operations 60"
        )
        #expect(report.counts["put manifest", default: 0] > 0)
        // A disk that is full and fails in every way may let no whole image through in a seed.
        if scenario != .disk { #expect(report.counts["image pushed", default: 0] > 0) }
        #expect(report.counts["life ended: crashed", default: 0] > 0)
        // Every repository's tags were judged as a whole, and each history was decided.
        #expect(report.counts["history checked"] == 4)
        #expect(report.counts["history undecided", default: 0] == 0)
    }

    @Test(arguments: Mistake.possible)
    func `finds a mistake that was made on purpose`(_ mistake: Mistake) async {
        // A checker that finds nothing proves nothing. The product's code is unchanged: only what its
        // file system does when it is asked to sync.
        for seed in UInt64(1)...5 {
            var options = Scenario.sabotage(mistake).options(seed: seed)
            options.operations = Self.operations
            let report = await run(options)
            let found = report.violations.contains {
                [.durable, .noDangling].contains($0.invariant)
            }
            if found { return }
        }
        Issue.record("\(mistake) was not found in five seeds")
    }

    @Test func `does the same again for the same seed, and something else for another`() async {
        var runs: [Simulation.Report] = []
        for seed in [UInt64(7), 7, 8] {
            var options = Scenario.general.options(seed: seed)
            options.operations = 40
            runs.append(await run(options))
        }
        #expect(runs[0].traceHash == runs[1].traceHash)
        #expect(runs[0].counts == runs[1].counts)
        #expect(runs[0].traceHash != runs[2].traceHash)
    }

    @Test(arguments: [Scenario.exhaustive, .exhaustiveBehindSequencer])
    func `makes each kind of change in a short story without a crash`(_ scenario: Scenario) async {
        let options = scenario.options(seed: 3)
        let report = await run(options)
        #expect(report.violations.isEmpty)
        #expect(Thresholds.undone(in: report) == [])
        let isBehindSequencer = report.counts["catalog behind a sequencer"] == 1
        #expect(isBehindSequencer == (scenario == .exhaustiveBehindSequencer))
        // The same parts once more, and all but the scrub.
        var again = options
        again.only = Set(report.parts)
        #expect(await run(again).traceHash == report.traceHash)
        again.only?.remove(.operation(client: 3, index: 10))
        let undone = Thresholds.undone(in: await run(again))
        #expect(undone.count == 1)
        #expect(undone.first?.hasPrefix("'scrub'") == true)
    }

    @Test func `survives a crash at any moment of a short story`() async {
        // A dozen of them; `script/test` runs all of them, optimised.
        var options = Scenario.exhaustive.options(seed: 3)
        options.notesMoments = true
        let whole = await run(options)
        #expect(whole.violations.isEmpty && whole.moments.changes > 50)
        let all = whole.moments.crashPoints
        for index in stride(from: 0, to: all.count, by: max(1, all.count / 12)) {
            options.crashPoint = all[index]
            let report = await run(options)
            #expect(
                report.violations.isEmpty,
                "--seeds 1 --from 3 --scenario exhaustive --crash-at \(all[index])"
            )
            #expect(report.counts["life ended: crashed"] == 1)
        }
    }

    @Test func `makes the story of a failure shorter, and it replays exactly`() async throws {
        var options = Scenario.sabotage(.skipsSyncOfFiles).options(seed: 1)
        options.operations = 60
        var failed = await run(options)
        while failed.violations.isEmpty {
            options.seed += 1
            try #require(options.seed < 20)
            failed = await run(options)
        }
        let (before, first) = (failed, options)
        let shrunk = await withTaskExecutorPreference(pool) {
            // Bounded by runs, not by time, so that it does the same wherever it runs.
            await Self.shrunk(before, first, runsMax: 60)
        }
        let found = try #require(shrunk)
        #expect(found.report.violations.first?.invariant == before.violations.first?.invariant)
        #expect(found.report.parts.count * 2 < before.parts.count)
        let again = await run(found.options)
        #expect(again.traceHash == found.report.traceHash)
        // What the command line is given means the same parts.
        let words = found.report.parts.map { "\($0)" }
        #expect(words.map { Part($0) } == found.report.parts)
    }

    @concurrent private static func shrunk(
        _ failed: Simulation.Report,
        _ options: Simulation.Options,
        runsMax: Int
    ) async -> Shrinker.Shrunk? {
        var runs = 0
        return Shrinker(options).shrink(failed) {
            runs += 1
            return runs > runsMax
        }
    }

    @Test func `has a name for each of its scenarios`() {
        for scenario in Scenario.all { #expect(Scenario(name: scenario.name) == scenario) }
        #expect(Set(Scenario.all.map(\.name)).count == Scenario.all.count)
    }
}
