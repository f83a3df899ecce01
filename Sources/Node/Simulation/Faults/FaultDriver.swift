// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform

/// Makes the faults of a swarm happen to one machine, life by life.
struct FaultDriver: Sendable {
    /// Room that a full disk still has, in bytes.
    private static let roomMax = 400_000

    let swarm: Swarm
    let disk: SimulatedDisk
    let clocks: VirtualClocks
    let findings: Findings
    let trace: Trace
    let programme: Programme
    let fuse: Fuse
    let rot: Rot
    let ledger: Ledger
    /// Every digest whose copy can be damaged.
    let digests: [Digest]
    /// The one crash there is; nil for those of the swarm.
    var crashPoint: CrashPoint?
    /// Whether each commit of the catalog is synced before the next one is written.
    var isCatalogSynced = true
    private let seed: UInt64
    private var life = 0
    /// After how many operations each crash that is left may come.
    private var crashes: [Int] = []
    private var crashNumber = 0
    private var restartsLeft: Int
    /// Starts in a row that were refused; after so many, nothing that this driver does will change it.
    private var refusals = 0
    private static let refusalsMax = 20

    init(
        swarm: Swarm,
        operations: Int,
        disk: SimulatedDisk,
        clocks: VirtualClocks,
        findings: Findings,
        trace: Trace,
        programme: Programme = Programme(),
        fuse: Fuse,
        rot: Rot,
        content: Content,
        ledger: Ledger,
        seed: UInt64
    ) {
        self.swarm = swarm
        self.disk = disk
        self.clocks = clocks
        self.findings = findings
        self.trace = trace
        self.programme = programme
        self.fuse = fuse
        self.rot = rot
        self.ledger = ledger
        digests = content.blobs.map(\.digest) + content.manifests.map(\.digest)
        self.seed = seed
        restartsLeft = swarm.restarts
        var generator = SeededGenerator(seed: seed, purpose: "crashes")
        for _ in 0..<swarm.crashes { crashes.append(generator.below(max(1, operations * 9 / 10))) }
        crashes.sort()
        // One in four comes right after the one before it, so that recoveries are struck too.
        for index in crashes.indices.dropFirst() where generator.chance(1, in: 4) {
            crashes[index] = crashes[index - 1]
        }
    }

    /// Whether a life of the machine is still to be ended by a crash.
    var hasMore: Bool { !crashes.isEmpty }

    /// Plans what happens to the disk and the clock in the life that begins.
    mutating func beginLife(used: UInt64) {
        life += 1
        var faults = DiskFaults()
        for kind in swarm.kinds where !kind.isOfNetwork {
            guard programme.plays(.fault(life: life, kind)) else { continue }
            var generator = generator("\(kind.rawValue)")
            plan(kind, &faults, used: used, &generator)
        }
        if life == 1, let crashPoint, crashPoint.count == .change {
            faults.crashAfter = crashPoint.number
            faults.crashComesBefore = true
        }
        disk.faults = faults
        while let operation = crashes.first {
            var generator = SeededGenerator(seed: seed, purpose: "crash \(crashNumber)")
            let count = generator.below(swarm.crashWithin)
            let delay: Fuse.Delay = generator.pick(weighted: [
                (.changes(count), weight: 2), (.calls(count), weight: 1), (.jobs(count), weight: 1),
            ])
            if programme.plays(.crash(crashNumber)) {
                return fuse.light(operation: operation, delay)
            }
            nextCrash()
        }
    }

    private mutating func nextCrash() {
        crashes.removeFirst()
        crashNumber += 1
    }

    /// How long the life lasts unless a crash ends it; nil when only a crash or the end of work does.
    mutating func lifetime() -> Duration? {
        var generator = generator("lifetime")
        guard restartsLeft > 0, generator.chance(1, in: 2) else { return nil }
        restartsLeft -= 1
        return .milliseconds(generator.within(50...5000))
    }

    /// Draws what the end of a life does to what was not synced, and how long the machine rests.
    mutating func endLife(_ end: Machine.End) -> (fate: CrashFate, pause: Duration) {
        var generator = generator("end")
        let pause = Duration.milliseconds(generator.within(10...4000))
        fuse.putOut()
        guard end != .stopped else { return (.processOnly, pause) }
        let drawn = generator.pick(weighted: [
            (CrashFate.processOnly, weight: 3), (.forgetsUnsynced, weight: 3), (.seeded, weight: 4),
        ])
        let fate = crashPoint?.fate ?? drawn
        findings.count("crash \(fate)")
        if case .refused = end { refusals += 1 } else { refusals = 0 }
        if end == .crashed || refusals >= FaultDriver.refusalsMax, hasMore { nextCrash() }
        return (fate, pause)
    }

    /// The history of draws for one purpose in this life.
    private func generator(_ purpose: String) -> SeededGenerator {
        SeededGenerator(seed: seed, purpose: "life \(life) \(purpose)")
    }

    private func plan(
        _ kind: FaultKind,
        _ faults: inout DiskFaults,
        used: UInt64,
        _ generator: inout SeededGenerator
    ) {
        func fail(_ operation: DiskOperation, _ calls: Int) {
            let after = generator.below(calls)
            faults.failures.append(PlannedFailure(operation, after: after, kind: .device))
        }
        switch kind {
        case .failedSync: fail(.syncFile, 60)
        case .failedDirectorySync: fail(.syncDirectory, 40)
        case .failedRename: fail(.rename, 20)
        case .failedRead: fail(.read, 400)
        case .fullDisk: faults.capacity = used + UInt64(generator.below(FaultDriver.roomMax))
        case .slowDisk: faults.syncLatency = DiskFaults.slowSync
        case .readOnlyDisk: faults.isReadOnly = generator.chance(1, in: 3)
        case .bitFlips: flipBits(&generator)
        case .unreadableSectors: loseSectors(&generator)
        case .catalogRot: planCatalogRot(&generator)
        case .clockBack: jump(by: -FaultDriver.jump(&generator), kind)
        case .clockForward: jump(by: FaultDriver.jump(&generator), kind)
        case .clockSkew:
            let perMille = generator.within(-FaultDriver.skewMax...FaultDriver.skewMax)
            clocks.drift(perMille: perMille)
            trace.note("the wall clock gains \(perMille) s in a thousand")
        case .lostRequests, .cutBodies, .lostAnswers, .outlivedClients, .repeatedRequests,
            .longDelays, .reorderedRequests, .oneWayPartitions:
            preconditionFailure("the network is not planned life by life")
        }
    }

    /// The most a clock gains or loses, in seconds of a thousand.
    private static let skewMax = 50

    /// Draws a time from a minute to a year, in seconds; short ones as often as long ones.
    private static func jump(_ generator: inout SeededGenerator) -> Int {
        let longest = generator.pick([600, 7200, 90_000, 30 * 86_400, 365 * 86_400])
        return generator.within(60...longest)
    }

    private func jump(by seconds: Int, _ kind: FaultKind) {
        findings.count("fault \(kind.rawValue)")
        trace.note("the wall clock jumps by \(seconds) s")
        findings.count("clock jump")
        clocks.jump(by: .seconds(seconds))
        // What ends by the clock may do so a day early.
        ledger.noteExpiry()
        if seconds > 0 { ledger.noteJump() }
    }
}
