// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Simulation
import Testing

/// The simulator as a whole; `script/simulate` runs hundreds of seeds of it, optimised.
///
/// One after the other: a run keeps a processor to itself.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `The product in a seeded world` {
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
    static let honest =
        isSanitized ? [Scenario.general] : [.general, .crashes, .disk, .network, .clock]
    static let seeds: [UInt64] = isSanitized ? [1_000_001] : [1_000_001, 1_000_002]

    /// Two seeds, other ones than `script/simulate` begins with.
    @Test(arguments: honest, seeds)
    func `keeps its promises in every scenario`(_ scenario: Scenario, _ seed: UInt64) async {
        // I1, I2, I3, I4, I5, I9, I10, I11.
        let report = await run(scenario.options(seed: seed))
        #expect(
            report.violations.isEmpty,
            "breakwater-sim --seeds 1 --from \(seed) --scenario \(scenario.name)"
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
            let report = await run(Scenario.sabotage(mistake).options(seed: seed))
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

    @Test func `has a name for each of its scenarios`() {
        for scenario in Scenario.all { #expect(Scenario(name: scenario.name) == scenario) }
        #expect(Set(Scenario.all.map(\.name)).count == Scenario.all.count)
    }
}
