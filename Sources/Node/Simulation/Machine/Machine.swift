// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import Platform
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
    private static let watchEvery = Duration.milliseconds(10)
    /// How often it looks before it gives up.
    private static let watchesMax = 1000
    /// Acknowledgements between two looks at the whole content.
    private static let checksEvery = 8

    private let disk: SimulatedDisk
    private let clocks: VirtualClocks
    private let timeline: Timeline
    private let network: SimulatedNetwork
    private let random: SeededRandom
    private let content: Content
    private let ledger: Ledger
    private let findings: Findings
    private let trace: Trace
    private let mistake: Mistake?
    private let journal: JournalChecker
    private let isServing = Mutex(false)
    private let acknowledged = Mutex(0)

    init(
        disk: SimulatedDisk,
        clocks: VirtualClocks,
        timeline: Timeline,
        network: SimulatedNetwork,
        random: SeededRandom,
        content: Content,
        ledger: Ledger,
        findings: Findings,
        trace: Trace,
        mistake: Mistake?
    ) {
        self.disk = disk
        self.clocks = clocks
        self.timeline = timeline
        self.network = network
        self.random = random
        self.content = content
        self.ledger = ledger
        self.findings = findings
        self.trace = trace
        self.mistake = mistake
        journal = JournalChecker(findings: findings)
    }

    /// Starts the product and lets it serve until `isOver`, its time is over, or it crashes.
    func live(lifetime: Duration?, until isOver: () -> Bool) async -> End {
        let mounted = disk.mount()
        let files = mistake.map { SabotagedFileSystem(mounted, $0) as any FileSystem } ?? mounted
        let lifeline = SimulatedLifeline(disk: disk, trace: trace)
        let world = World(clocks: clocks, random: random, files: files, lifeline: lifeline)
        let node: SimulatedNode
        do {
            node = try SimulatedNode(world: world, lifeline: lifeline)
            try check(node.catalog)
        } catch {
            trace.note("\(timeline.stamp) start: \(error)")
            return disk.isDown ? .crashed : .refused("\(error)")
        }
        trace.note("\(timeline.stamp) serving")
        network.connect(node.handler, isReachable: { !self.disk.isDown }) {
            self.noteAcknowledged(node.catalog)
        }
        isServing.withLock { $0 = true }
        await watch(since: timeline.now, lifetime, isOver)
        isServing.withLock { $0 = false }
        network.disconnect()
        guard !disk.isDown else { return .crashed }
        return await stop(node)
    }

    /// Decides what a life left behind and lets some time pass.
    func rest(after end: End, _ driver: inout FaultDriver) async {
        disk.crash()
        ledger.noteCrash()
        findings.count("life ended: \(end == .stopped ? "stopped" : "crashed")")
        if case .refused = end { findings.count("start refused under faults") }
        let fate = end == .stopped ? CrashFate.processOnly : driver.fate()
        trace.note("\(timeline.stamp) \(end) \(fate)")
        disk.settle(fate)
        if fate != .processOnly { clocks.restart() }
        let pause = driver.generator.within(10...4000)
        // A cancelled machine starts again at once.
        try? await timeline.sleep(for: .milliseconds(pause))
    }

    /// Returns once a node serves, or when none came up for too long; says which.
    func whenServing() async -> Bool {
        for _ in 0..<Machine.watchesMax {
            if isServing.withLock({ $0 }) { return true }
            do { try await timeline.sleep(for: Machine.watchEvery) } catch { return false }
        }
        return false
    }

    private func watch(
        since start: Duration,
        _ lifetime: Duration?,
        _ isOver: () -> Bool
    ) async {
        while !disk.isDown, !isOver() {
            if let lifetime, timeline.now - start >= lifetime { return }
            do { try await timeline.sleep(for: Machine.watchEvery) } catch { return }
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

    // MARK: - Checks

    /// Everything that can be said of a catalog that was just opened: I2, I4, I11.
    private func check(_ catalog: Catalog) throws {
        _ = try catalog.read { view throws(CatalogError) in
            try journal.check(view)
            try contentChecker.check(view)
        }
        try HistoryChecker(findings: findings).check(catalog)
    }

    /// Notes where the journals stand when a client is told that its change is done.
    private func noteAcknowledged(_ catalog: Catalog) {
        let isDue = acknowledged.withLock { count in
            count += 1
            return count % Machine.checksEvery == 0
        }
        do throws(CatalogError) {
            let heads = try catalog.read { view throws(CatalogError) in
                if isDue { try contentChecker.check(view) }
                return try view.heads()
            }
            journal.acknowledged(at: heads)
        } catch {
            // The machine may stop at any call, this one included; then nothing was acknowledged.
            findings.require(
                disk.isDown,
                .converges,
                "the catalog cannot be read after a change was acknowledged: \(error)"
            )
        }
    }

    private var contentChecker: ContentChecker {
        ContentChecker(
            content: content,
            findings: findings,
            disk: disk,
            directory: SimulatedNode.directory
        )
    }
}
