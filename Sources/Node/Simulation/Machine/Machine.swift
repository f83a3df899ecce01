// SPDX-License-Identifier: Apache-2.0

import Catalog
import Platform
import Registry
import Scrub
import Synchronization

/// One machine, life after life: it starts the product, watches it, and looks at what it left.
final class Machine: Sendable {
    /// How a life ended.
    enum End: Hashable, Sendable {
        /// The process was stopped in order.
        case stopped
        /// The power went, or the process ended itself.
        case crashed
        /// The product refused to start; the sentence is its own.
        case refused(String)
    }

    /// How often the machine looks whether it still runs.
    private static let watchEvery = Duration.milliseconds(50)
    /// How often it looks before it gives up.
    private static let watchesMax = 1000

    private let disk: SimulatedDisk
    private let clocks: VirtualClocks
    private let timeline: Timeline
    private let network: SimulatedNetwork
    private let random: SeededRandom
    private let chance: SharedGenerator
    private let ledger: Ledger
    private let findings: Findings
    private let trace: Trace
    private let access: OperatorAccess
    private let mistake: Mistake?
    private let rot: Rot
    /// Outside of the machine; nil for the local one.
    private let sequencer: FaultySequencer?
    private let inspector: Inspector
    private let isServing = Mutex(false)

    init(
        disk: SimulatedDisk,
        clocks: VirtualClocks,
        timeline: Timeline,
        network: SimulatedNetwork,
        random: SeededRandom,
        chance: SharedGenerator,
        content: Content,
        ledger: Ledger,
        findings: Findings,
        trace: Trace,
        access: OperatorAccess,
        mistake: Mistake?,
        rot: Rot,
        sequencer: FaultySequencer?
    ) {
        self.sequencer = sequencer
        self.rot = rot
        self.disk = disk
        self.clocks = clocks
        self.timeline = timeline
        self.network = network
        self.random = random
        self.chance = chance
        self.ledger = ledger
        self.findings = findings
        self.trace = trace
        self.access = access
        self.mistake = mistake
        inspector = Inspector(content: content, findings: findings, disk: disk, rot: rot)
    }

    /// Starts the product and lets it serve until `isOver`, its time is over, or it crashes; with a
    /// `fuse` that is still lit at its end, it crashes then.
    func live(
        lifetime: Duration?,
        fuse: Fuse? = nil,
        until isOver: () -> Bool
    ) async -> End {
        let mounted = disk.mount()
        // What is still under way when this life ends belongs to no later one.
        let isRunning = { @Sendable [disk, life = disk.life] in life != nil && disk.life == life }
        let files = mistake.map { SabotagedFileSystem(mounted, $0) as any FileSystem } ?? mounted
        let lifeline = SimulatedLifeline(disk: disk, trace: trace)
        let world = World(clocks: clocks, random: random, files: files, lifeline: lifeline)
        let node: SimulatedNode
        do {
            node = try await SimulatedNode(
                world: world,
                lifeline: lifeline,
                sequencer: sequencer
                    ?? DelayingSequencer(
                        timeline: timeline,
                        generator: chance,
                        findings: findings
                    ),
                pace: DelayingBlobStore.Pace(timeline: timeline, generator: chance),
                retentionObserver: RetentionWatch(
                    access: access,
                    ledger: ledger,
                    findings: findings
                ).observer,
                scrubbed: { [findings] event in
                    switch event {
                    case .lost(let loss): if loss.flaw != nil { findings.count("quarantined") }
                    case .repaired: findings.count("repaired")
                    case .catalogDamaged: findings.count("damaged catalog found")
                    case .sourceFailed, .unexamined, .orphaned: break
                    }
                }
            )
        } catch {
            trace.note("\(timeline.stamp) start: \(error)")
            return disk.isDown ? .crashed : .refused("\(error)")
        }
        do { try inspector.check(node.catalog) } catch {
            return refusal(of: error)
        }
        if let sequencer, sequencer.wasFollowed() {
            findings.count("caught up with the sequencer")
        }
        trace.note("\(timeline.stamp) serving")
        network.connect(node.handler, isReachable: isRunning) {
            self.inspector.noteAcknowledged(node.catalog, whileIs: isRunning)
        }
        access.open(
            OperatorAccess.Node(
                registry: node.registry,
                sweep: node.sweep,
                retention: node.retention,
                scrub: node.scrub,
                blobs: node.blobs,
                isRunning: isRunning
            )
        )
        isServing.withLock { $0 = true }
        await watch(node, since: timeline.now, lifetime, isOver)
        isServing.withLock { $0 = false }
        access.close()
        network.disconnect()
        if isOver(), fuse?.isLit ?? false { disk.crash() }
        guard !disk.isDown else { return .crashed }
        return await stop(node)
    }

    /// A catalog that was opened and cannot be looked at is a violation, unless its file is damaged.
    private func refusal(of error: any Error) -> End {
        trace.note("\(timeline.stamp) look: \(error)")
        findings.require(
            disk.isDown || rot.isCatalogDamaged,
            .converges,
            "the catalog that was just opened cannot be read: \(error)"
        )
        return disk.isDown ? .crashed : .refused("\(error)")
    }

    /// Decides what a life left behind and lets some time pass.
    func rest(after end: End, _ driver: inout FaultDriver) async {
        disk.crash()
        ledger.noteCrash()
        switch end {
        case .stopped: findings.count("life ended: stopped")
        case .crashed: findings.count("life ended: crashed")
        case .refused:
            findings.count("start refused under faults")
            if rot.wasCatalogDamaged { findings.count("damaged catalog refused") }
        }
        let (fate, pause) = driver.endLife(end)
        trace.note("\(timeline.stamp) \(end) \(fate)")
        disk.settle(fate)
        if fate != .processOnly { clocks.restart() }
        if rot.wasCatalogDamaged { mendCatalog() }
        // A cancelled machine starts again at once.
        try? await timeline.sleep(for: pause)
    }

    /// Does what an operator does about a damaged catalog: makes it anew from its entries, or, where
    /// they are damaged themselves, puts a whole copy in its place.
    private func mendCatalog() {
        disk.faults = DiskFaults()
        let world = World(
            clocks: clocks,
            random: random,
            files: disk.mount(),
            lifeline: SimulatedLifeline(disk: disk, trace: trace)
        )
        do {
            try SimulatedNode.rebuildCatalog(world, isSynced: sequencer == nil)
            findings.count("catalog rebuilt offline")
        } catch {
            trace.note("\(timeline.stamp) rebuild: \(error)")
            findings.require(
                rot.isCatalogDamaged,
                .converges,
                "the catalog cannot be rebuilt, although nothing of it is damaged: \(error)"
            )
            findings.count("catalog put back whole")
            forgetDamagedEntries(world)
        }
        disk.crash()
        disk.settle(.processOnly)
        DiskView(disk, .current).undoDamage(under: "\(SimulatedNode.directory)/catalog")
        rot.mendedCatalog()
    }

    /// What the scrub noted of the entries that were damaged is not true of the copy in their place.
    private func forgetDamagedEntries(_ world: World) {
        do throws(FileError) {
            try world.files.directory(at: SimulatedNode.directory, .mustExist).remove("scrub")
        } catch {
            trace.note("\(timeline.stamp) the scrub had noted nothing: \(error)")
        }
    }

    /// Checks that the node that serves has no copy left that the sweep had to free (I7).
    func requireSwept() {
        guard let node = access.current, node.isRunning() else { return }
        inspector.requireSwept(node.registry)
    }

    /// Returns once a node serves, or when none came up for too long; says which.
    func whenServing() async -> Bool {
        for _ in 0..<Machine.watchesMax {
            if isServing.withLock({ $0 }) { return true }
            do { try await timeline.sleep(for: Machine.watchEvery) } catch { return false }
        }
        return false
    }

    /// How long an operator looks on while a node takes no change.
    private static let patience = Duration.seconds(5)

    private func watch(
        _ node: SimulatedNode,
        since start: Duration,
        _ lifetime: Duration?,
        _ isOver: () -> Bool
    ) async {
        var refusedSince: Duration?
        while !disk.isDown, !isOver() {
            if let lifetime, timeline.now - start >= lifetime { return }
            if rot.wasCatalogDamaged, node.registry.registrar.refusal != nil {
                let since = refusedSince ?? timeline.now
                refusedSince = since
                if timeline.now - since >= Machine.patience, await !hasMended(node) { return }
            } else {
                refusedSince = nil
            }
            do { try await timeline.sleep(for: Machine.watchEvery) } catch { return }
        }
    }

    /// Does what a node asks for that must not be stopped before; false where it asks for nothing, or where
    /// that fails.
    private func hasMended(_ node: SimulatedNode) async -> Bool {
        guard node.catalog.obstacle != nil else { return false }
        do throws(RegistryError) {
            try await node.registry.rebuildCatalog { _, _ in }
            return true
        } catch {
            trace.note("\(timeline.stamp) rebuild: \(error)")
            return false
        }
    }

    /// Stops a node: requests in flight are finished first, and the catalog leaves no WAL.
    private func stop(_ node: SimulatedNode) async -> End {
        await network.drained()
        guard !disk.isDown else { return .crashed }
        do { try node.stop() } catch {
            trace.note("\(timeline.stamp) stop: \(error)")
            disk.crash()
            return .crashed
        }
        disk.crash()
        return .stopped
    }
}
