// SPDX-License-Identifier: Apache-2.0

import OCI
import Synchronization

/// Everything one run is made of, and the order in which it happens.
final class Story: Sendable {
    /// Tasks that work off requests without a client.
    private static let backlogRunners = 2
    /// How often all clients are busy, with days between.
    private static let bursts = 12
    /// Days that pass between all bursts together.
    private static let daysOfGaps = 61...90

    let options: Simulation.Options
    let trace = Trace()
    let timeline = Timeline()
    let findings: Findings
    let ledger: Ledger
    let content: Content
    let swarm: Swarm
    let disk: SimulatedDisk
    let clocks: VirtualClocks
    let network: SimulatedNetwork
    let executor: SeededExecutor
    let machine: Machine
    let programme: Programme
    private let fuse: Fuse
    private let rot: Rot
    /// Keeps the entries away from the machine: of one seed in three, unless the options say.
    private let sequencer: FaultySequencer?
    private let access = OperatorAccess()
    private let workIsDone = Mutex(false)
    private let reached = Mutex(Moments())
    /// At which moments the machine could have stopped until the clients were done.
    var moments: Moments { reached.withLock { $0 } }

    init(_ options: Simulation.Options) {
        self.options = options
        let generator = { SeededGenerator(seed: options.seed, purpose: $0) }
        findings = Findings(trace: trace)
        programme = Programme(only: options.only)
        var drawn = generator("swarm")
        swarm = options.swarm ?? Swarm(&drawn)
        var made = generator("content")
        content = Content(&made)
        clocks = VirtualClocks(timeline)
        disk = SimulatedDisk(
            generator: generator("disk"),
            timeline: timeline,
            clocks: clocks,
            trace: trace
        )
        network = SimulatedNetwork(
            generator: generator("network"),
            timeline: timeline,
            faults: swarm.network(programme)
        )
        fuse = Fuse(disk: disk)
        rot = Rot(disk: disk)
        sequencer = Story.sequencer(options, generator("sequencer"), timeline, findings)
        ledger = Ledger { [sequencer] in sequencer?.mayComeLate ?? false }
        if sequencer != nil { findings.count("catalog behind a sequencer") }
        executor = SeededExecutor(
            generator: generator("executor"),
            timeline: timeline,
            trace: trace
        )
        machine = Machine(
            disk: disk,
            clocks: clocks,
            timeline: timeline,
            network: network,
            random: SeededRandom(generator("random")),
            chance: SharedGenerator(generator("machine")),
            content: content,
            ledger: ledger,
            findings: findings,
            trace: trace,
            access: access,
            mistake: options.mistake,
            rot: rot,
            sequencer: sequencer
        )
        trace.note(
            "seed \(options.seed): \(swarm.clients) clients, \(swarm.crashes) crashes, "
                + "\(swarm.kinds.map(\.rawValue))"
        )
    }

    /// A sequencer that lies outside of the machine, where the seed draws one or the options want one.
    private static func sequencer(
        _ options: Simulation.Options,
        _ drawing: SeededGenerator,
        _ timeline: Timeline,
        _ findings: Findings
    ) -> FaultySequencer? {
        var generator = drawing
        let isDrawn = generator.chance(1, in: 3)
        guard options.isBehindSequencer ?? isDrawn else { return nil }
        return FaultySequencer(
            timeline: timeline,
            generator: SharedGenerator(generator),
            findings: findings,
            isFaulty: options.isBehindSequencer == nil
        )
    }

    func tell() async {
        await underFaults()
        guard findings.violations.isEmpty else { return }
        await withoutFaults()
    }

    /// The safety phase.
    private func underFaults() async {
        var driver = FaultDriver(
            swarm: swarm,
            operations: options.operations,
            disk: disk,
            clocks: clocks,
            findings: findings,
            trace: trace,
            programme: programme,
            fuse: fuse,
            rot: rot,
            content: content,
            ledger: ledger,
            seed: options.seed
        )
        driver.crashPoint = options.crashPoint
        driver.isCatalogSynced = sequencer == nil
        watchMoments()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.runClients() }
            for _ in 0..<Story.backlogRunners {
                group.addTask { await self.network.runBacklog() }
            }
            while !isWorkDone || driver.hasMore {
                driver.beginLife(used: disk.usedBytes)
                let lifetime = driver.lifetime()
                let end = await machine.live(lifetime: lifetime, fuse: fuse) { self.isWorkDone }
                await machine.rest(after: end, &driver)
            }
            network.closeBacklog()
        }
    }

    /// Stops the machine at its moment, or notes at which moments it could be stopped.
    private func watchMoments() {
        // Unowned: the executor belongs to the story.
        if let point = options.crashPoint {
            guard point.count == .job else { return }
            executor.beforeEachJob { [unowned self] job in
                if point.number == job { disk.crash() }
            }
        } else if options.notesMoments {
            executor.beforeEachJob { [unowned self] job in
                guard !isWorkDone else { return }
                reached.withLock {
                    $0.note(job: job, changes: disk.changes, ticks: ledger.now)
                }
            }
        } else {
            executor.beforeEachJob { [fuse] _ in fuse.jobBegan() }
        }
    }

    /// The liveness phase: the power goes once more, and then nothing is wrong any more.
    private func withoutFaults() async {
        trace.note("\(timeline.stamp) the faults end")
        network.faults = NetworkFaults()
        disk.faults = DiskFaults()
        DiskView(disk, .current).findSectors()
        clocks.drift(perMille: 0)
        sequencer?.becomeReliable()
        await withTaskGroup(of: Void.self) { group in
            let isAudited = Flag()
            group.addTask {
                defer { isAudited.raise() }
                guard await self.machine.whenServing() else { return }
                var auditor = self.client(0, purpose: "auditor")
                await auditor.heal()
                self.rot.forget()
                auditor.phase = .liveness
                await auditor.audit()
                await auditor.run(operations: 10)
                await auditor.expire()
                await auditor.deleteAndRestore()
                await auditor.retain(in: self.content.repositories[0].namespace)
                // What was stored before two raises and is not named then has no right to be there; before
                // the scrub, which has the sweep look at whatever that overlooked.
                await auditor.sweep(raises: 2)
                self.machine.requireSwept()
                await auditor.scrubContent()
                await auditor.sweep(raises: 2)
                self.machine.requireSwept()
            }
            let end = await machine.live(lifetime: nil) { isAudited.isRaised }
            findings.require(
                end == .stopped,
                .converges,
                "without faults the node ended by itself: \(end)"
            )
        }
        guard findings.violations.isEmpty else { return }
        // What a clean stop left is opened once more and looked at.
        let last = await machine.live(lifetime: .zero) { true }
        findings.require(
            last == .stopped,
            .converges,
            "what a clean stop left was not opened again: \(last)"
        )
    }

    /// Lets all clients work, in bursts with days between, after the script where there is one.
    private func runClients() async {
        var generator = SeededGenerator(seed: options.seed, purpose: "gaps")
        let weights = (1..<Story.bursts).map { _ in generator.within(1...10) }
        let seconds = generator.within(Story.daysOfGaps) * 86_400
        if options.isScripted {
            // One client more, alone, before the others.
            var first = client(swarm.clients + 1, purpose: "script")
            await first.runScript()
        }
        let scripted = options.isScripted ? ScriptStep.allCases.count : 0
        let drawn = max(0, options.operations - scripted)
        let perBurst = (drawn + Story.bursts - 1) / Story.bursts
        for burst in 0..<(drawn > 0 ? Story.bursts : 0) {
            await withTaskGroup(of: Void.self) { group in
                for number in 1...max(1, swarm.clients) {
                    group.addTask {
                        var client = self.client(number, purpose: "client \(number)")
                        await client.run(burst: burst, of: perBurst, among: self.swarm.clients)
                    }
                }
            }
            guard burst < weights.count, findings.violations.isEmpty else { continue }
            // Somebody makes room and mounts the disk for writing.
            disk.faults.capacity = DiskFaults().capacity
            disk.faults.isReadOnly = false
            if programme.plays(.gap(burst)) {
                let gap = Duration.seconds(seconds * weights[burst] / weights.reduce(0, +))
                let begun = timeline.now
                if gap > Client.slowBuildMax { await buildSlowly(burst) }
                // Nobody does anything meanwhile, so the days pass at once.
                let care = client(0, purpose: "care \(burst)")
                await care.elapse(gap - (timeline.now - begun))
                trace.note("\(timeline.stamp) after \(weights[burst]) parts of a long pause")
                // Half of the time the node's care comes before the first client.
                if generator.chance(1, in: 2) { await care.expire() }
            }
        }
        workIsDone.withLock { $0 = true }
    }

    /// In one gap of three somebody takes a day to build an image; not in the short story that is told once
    /// for each moment at which it may end.
    private func buildSlowly(_ burst: Int) async {
        guard options.crashPoint == nil, !options.notesMoments else { return }
        var builder = client(0, purpose: "slow build \(burst)")
        guard builder.generator.chance(1, in: 3) else { return }
        await builder.buildSlowly()
    }

    private var isWorkDone: Bool { workIsDone.withLock { $0 } }

    private func client(_ number: Int, purpose: String) -> Client {
        Client(
            number: number,
            content: content,
            network: network,
            ledger: ledger,
            findings: findings,
            timeline: timeline,
            trace: trace,
            access: access,
            programme: programme,
            fuse: fuse,
            rot: rot,
            generator: SeededGenerator(seed: options.seed, purpose: purpose)
        )
    }
}

/// Something that happens once.
final class Flag: Sendable {
    private let state = Mutex(false)

    var isRaised: Bool { state.withLock { $0 } }

    func raise() {
        state.withLock { $0 = true }
    }
}
