// SPDX-License-Identifier: Apache-2.0

import Simulation
import Testing

/// The simulator as a whole; `script/simulate` runs hundreds of seeds of it, optimised.
///
/// One after the other: a run keeps a processor to itself.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `The product in a seeded world` {
    static let honest = [Scenario.general, .crashes, .disk, .network, .clock]

    /// Two seeds, other ones than `script/simulate` begins with.
    @Test(arguments: honest, [UInt64(1_000_001), 1_000_002])
    func `keeps its promises in every scenario`(_ scenario: Scenario, _ seed: UInt64) {
        // I1, I2, I3, I4, I5, I9, I10, I11.
        let report = Simulation(scenario.options(seed: seed)).run()
        #expect(
            report.violations.isEmpty,
            "breakwater-sim --seeds 1 --from \(seed) --scenario \(scenario.name)"
        )
        #expect(report.counts["image pushed", default: 0] > 0)
        #expect(report.counts["life ended: crashed", default: 0] > 0)
    }

    @Test(arguments: Mistake.allCases)
    func `finds a mistake that was made on purpose`(_ mistake: Mistake) {
        // A checker that finds nothing proves nothing. The product's code is unchanged: only what its
        // file system does when it is asked to sync.
        let seeds = UInt64(1)...5
        let found = seeds.contains { seed in
            let report = Simulation(Scenario.sabotage(mistake).options(seed: seed)).run()
            return report.violations.contains { [.durable, .noDangling].contains($0.invariant) }
        }
        #expect(found, "\(mistake) was not found in \(seeds.count) seeds")
    }

    @Test func `does the same again for the same seed, and something else for another`() {
        let runs = [UInt64(7), 7, 8].map { seed in
            var options = Scenario.general.options(seed: seed)
            options.operations = 40
            return Simulation(options).run()
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
