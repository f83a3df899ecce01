// SPDX-License-Identifier: Apache-2.0

/// One seed: a machine with the product on it, clients, faults, and everything that is checked.
///
/// First a safety phase: under crashes and faults nothing wrong may ever be answered. Then a
/// liveness phase: the faults end, and everything must work and be there again.
public struct Simulation: Sendable {
    /// What a run is made of.
    public struct Options: Sendable {
        /// The seed, from which all else follows.
        public var seed: UInt64
        /// Operations of all clients together, the script's included.
        public var operations = 300
        /// Whether a fixed list of operations, which follow from each other, comes before those that are drawn.
        public var isScripted = false
        /// Whether entries are kept by a sequencer outside of the machine that makes no mistake; nil draws it by
        /// the seed, and then it makes some.
        public var isBehindSequencer: Bool?
        /// The faults; nil draws them by the seed.
        public var swarm: Swarm?
        /// A mistake made on purpose.
        public var mistake: Mistake?
        /// The one crash of a story in which nothing else goes wrong.
        public var crashPoint: CrashPoint?
        /// Whether the report names the moments at which the machine could have stopped.
        public var notesMoments = false
        /// The parts that are played; nil for all.
        public var only: Set<Part>?

        /// Makes the options of a seed.
        public init(seed: UInt64) {
            self.seed = seed
        }
    }

    /// What came of it.
    public struct Report: Sendable {
        /// The seed.
        public var seed: UInt64
        /// What was found wrong, in order; empty when nothing was.
        public var violations: [Violation]
        /// How often what happened.
        public var counts: [String: Int]
        /// A hash of everything that happened: equal for equal seeds.
        public var traceHash: UInt64
        /// The last lines of what happened.
        public var lines: [String]
        /// How much virtual time passed.
        public var virtualTime: Duration
        /// At which moments the machine could have stopped until the clients were done.
        public var moments: Moments
        /// How many kinds of fault the seed drew.
        public var kindsOfFault: Int
        /// The parts of the story that were played, in order.
        public var parts: [Part]
    }

    private let options: Options

    /// Makes a simulation.
    public init(_ options: Options) {
        self.options = options
    }

    /// Runs it to its end, on a thread of its own.
    public func run() -> Report {
        SeedsUnderWay.note(options.seed) { Mistake.making(options.mistake) { play() } }
    }

    private func play() -> Report {
        let story = Story(options)
        do throws(SimulationFault) {
            try story.executor.run { await story.tell() }
        } catch {
            story.findings.report(Violation(.bounded, "the simulation ended in \(error)"))
        }
        story.findings.judge(story.ledger.histories)
        for (fault, count) in story.network.counts {
            story.findings.count("fault \(fault)", by: count)
        }
        if story.clocks.driftsSeen > 0 {
            story.findings.count(
                "fault \(FaultKind.clockSkew.rawValue)",
                by: story.clocks.driftsSeen
            )
        }
        for (kind, count) in story.disk.crashes {
            story.findings.count("crash among \(kind)", by: count)
        }
        for (fault, count) in story.disk.strikes {
            story.findings.count("fault \(fault.rawValue)", by: count)
        }
        return Report(
            seed: options.seed,
            violations: story.findings.violations,
            counts: story.findings.counts,
            traceHash: story.trace.hash,
            lines: story.trace.lines,
            virtualTime: story.timeline.now,
            moments: story.moments,
            kindsOfFault: story.swarm.kinds.count,
            parts: story.programme.played
        )
    }
}
