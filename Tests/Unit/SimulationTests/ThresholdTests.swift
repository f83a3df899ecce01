// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Simulation

@Suite struct `What a run of many seeds must have met` {
    private func summary(seeds: Int, _ counts: (Int) -> [String: Int]) -> Summary {
        var summary = Summary()
        for seed in 0..<seeds {
            summary.add(
                Simulation.Report(
                    seed: UInt64(seed),
                    violations: [],
                    counts: counts(seed),
                    traceHash: 0,
                    lines: [],
                    virtualTime: .seconds(86_400 * 60),
                    moments: Moments(),
                    kindsOfFault: 3,
                    parts: []
                )
            )
        }
        return summary
    }

    private var enough: [String: Int] {
        var counts: [String: Int] = [:]
        for share in Thresholds.shares { counts[share.what] = 1 }
        counts["copy freed"] = Thresholds.copiesFreed
        return counts
    }

    @Test func `is met where everything happened in each seed`() {
        #expect(Thresholds.misses(of: summary(seeds: 1000) { _ in enough }).isEmpty)
    }

    @Test func `is missed by one kind in fewer seeds than its share`() {
        // 2 % of 1,000 seeds are 20.
        for (seeds, isMissed) in [(19, true), (20, false)] {
            let run = summary(seeds: 1000) { seed in
                var counts = enough
                if seed >= seeds { counts["fault fullDisk"] = nil }
                return counts
            }
            #expect(Thresholds.misses(of: run).isEmpty != isMissed)
        }
    }

    @Test func `is missed where sweeps freed too few copies`() {
        let run = summary(seeds: 1000) { _ in
            var counts = enough
            counts["copy freed"] = Thresholds.copiesFreed - 1
            return counts
        }
        #expect(Thresholds.misses(of: run).count == 1)
    }

    @Test func `is not asked of few seeds`() {
        #expect(Thresholds.misses(of: summary(seeds: 999) { _ in [:] }).isEmpty)
    }

    @Test func `says what a seed was on average`() {
        let run = summary(seeds: 4) { ["client operation": 300 + $0, "life ended: crashed": 5] }
        #expect(
            run.averages == "a seed on average: 301.5 client operations, 5.0 crashes with restart, "
                + "3.0 kinds of fault, 60.0 days of virtual time"
        )
    }

    @Test func `takes each moment once at which a crash leaves something else`() {
        var moments = Moments()
        moments.note(job: 1, changes: 0, ticks: 0)
        moments.note(job: 2, changes: 0, ticks: 0)
        moments.note(job: 3, changes: 2, ticks: 0)
        moments.note(job: 4, changes: 2, ticks: 1)
        #expect(moments.jobs == [1, 3, 4])
        // Each change with each fate, and each job.
        #expect(moments.crashPoints.count == 2 * 3 + 3)
    }

    @Test(arguments: [
        CrashPoint(.change, 17, .seeded), CrashPoint(.job, 0, .forgetsUnsynced),
    ])
    func `names each moment of a crash so that it can be read again`(_ point: CrashPoint) {
        #expect(CrashPoint("\(point)") == point)
        #expect(CrashPoint("change.x.seeded") == nil && CrashPoint("change.1") == nil)
    }
}
