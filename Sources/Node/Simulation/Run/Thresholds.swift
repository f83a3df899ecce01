// SPDX-License-Identifier: Apache-2.0

/// What a run of many seeds must have met often enough, or it has shown less than it seems to.
public enum Thresholds {
    /// Something that happens in at least so many percent of the seeds.
    public struct Share: Sendable {
        /// What, as `Findings` counts it.
        public var what: String
        /// In how many percent of the seeds at least.
        public var percent: Int
    }

    /// Seeds from which on shares mean something.
    public static let seedsMin = 1000
    /// Copies that sweeps free in a seed, on average, at least.
    public static let copiesFreed = 20

    /// Every kind of fault, every operation, every way to recover, and what must happen more often.
    public static let shares: [Share] =
        FaultKind.allCases.map { Share(what: "fault \($0.rawValue)", percent: 2) }
        + Operation.allCases.map { Share(what: "operation \($0.rawValue)", percent: 2) }
        + (recoveries + done + outside).map { Share(what: $0, percent: 2) }
        + endings.map { Share(what: $0, percent: 20) }

    /// The ways to recover: an upload goes on, the catalog is made anew, a damaged copy is set aside and
    /// brought again, and what is damaged is not opened.
    private static let recoveries = [
        "upload resumed", "rebuild catalog", "catalog rebuilt offline", "copy set aside",
        "quarantined", "repaired",
        "copy brought again", "damaged catalog refused", "damaged catalog found",
        "caught up with the sequencer",
        "sequencer late append took effect",
    ]

    /// What an operator's operation came to where it was not only drawn.
    private static let done = [
        "restored by digest", "restored by tag", "restored by repository", "purged",
        "delete repository", "copy image", "verify content",
        "sweep", "retention", "expire", "raise epoch", "image pushed", "condition held",
        "upload chunked", "upload streamed", "upload single", "upload postPut", "mounted",
        "upload cancelled", "chunk repeated", "named a day later",
    ]

    /// What the sequencer does, and what becomes of a machine.
    private static let outside =
        ["late", "lost", "repeated", "unknown"].map { "sequencer \($0)" }
        + CrashFate.allCases.map { "crash \($0)" }
        + ["changes", "calls", "jobs"].map { "crash among \($0)" }
        + [
            "damaged WAL", "damaged note", "catalog damaged while it serves",
            "start refused under faults",
        ]

    /// What takes days, and has to be frequent all the same.
    private static let endings = [
        "copy freed", "link expired", "trash expired", "upload expired", "retention removed",
        "scrub round finished", "clock jump",
    ]

    /// Steps of the script that did not come to what they are there for, each as a sentence: of a story in
    /// which nothing goes wrong there are none.
    public static func undone(in report: Simulation.Report) -> [String] {
        ScriptStep.allCases.filter { report.counts[$0.success, default: 0] == 0 }.map { step in
            "'\(step.rawValue)' came to nothing in the story of seed \(report.seed) without a crash"
        }
    }

    /// What happened too rarely in a run, each as a sentence.
    public static func misses(of summary: Summary) -> [String] {
        guard summary.seeds >= seedsMin else { return [] }
        var misses = shares.filter { !summary.happened($0.what, inPercent: $0.percent) }
            .map { "'\($0.what)' happened in fewer than \($0.percent) % of the seeds" }
        if summary.total("copy freed") < copiesFreed * summary.seeds {
            misses.append("fewer than \(copiesFreed) copies were freed in a seed on average")
        }
        return misses
    }
}
