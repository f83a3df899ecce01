// SPDX-License-Identifier: Apache-2.0

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
    var generator: SeededGenerator
    private(set) var crashesLeft: Int
    private(set) var restartsLeft: Int

    init(
        swarm: Swarm,
        disk: SimulatedDisk,
        clocks: VirtualClocks,
        findings: Findings,
        trace: Trace,
        generator: SeededGenerator
    ) {
        self.swarm = swarm
        self.disk = disk
        self.clocks = clocks
        self.findings = findings
        self.trace = trace
        self.generator = generator
        crashesLeft = swarm.crashes
        restartsLeft = swarm.restarts
    }

    /// Whether a life of the machine is still to be ended before the workload is done.
    var hasMore: Bool { crashesLeft > 0 }

    /// Plans what happens to the disk and the clock in the life that begins.
    mutating func beginLife(used: UInt64) {
        var faults = DiskFaults()
        if crashesLeft > 0 {
            crashesLeft -= 1
            faults.crashAfter = generator.below(swarm.crashWithin)
        }
        for kind in swarm.kinds {
            switch kind {
            case .failedSync: plan(&faults, .syncFile, .device, within: 60)
            case .failedDirectorySync: plan(&faults, .syncDirectory, .device, within: 40)
            case .failedRename: plan(&faults, .rename, .device, within: 20)
            case .failedRead: plan(&faults, .read, .device, within: 400)
            case .fullDisk:
                faults.capacity = used + UInt64(generator.below(FaultDriver.roomMax))
            case .slowDisk: faults.syncLatency = .milliseconds(20)...(.milliseconds(900))
            case .readOnlyDisk: faults.isReadOnly = generator.chance(1, in: 6)
            case .clockBack: jump(by: -generator.within(1...7200))
            case .clockForward: jump(by: generator.within(1...90_000))
            case .lostRequests, .cutBodies, .lostAnswers, .outlivedClients, .repeatedRequests,
                .longDelays:
                break
            }
        }
        disk.faults = faults
    }

    /// How long the life lasts unless a crash ends it; nil when only a crash or the end of work does.
    mutating func lifetime() -> Duration? {
        guard restartsLeft > 0, generator.chance(1, in: 2) else { return nil }
        restartsLeft -= 1
        return .milliseconds(generator.within(50...5000))
    }

    /// Draws what a crash does to what was not synced.
    mutating func fate() -> CrashFate {
        let fate = generator.pick(weighted: [
            (CrashFate.processOnly, weight: 3), (.forgetsUnsynced, weight: 3), (.seeded, weight: 4),
        ])
        findings.count("crash \(fate)")
        return fate
    }

    private mutating func plan(
        _ faults: inout DiskFaults,
        _ operation: DiskOperation,
        _ kind: FileError.Kind,
        within calls: Int
    ) {
        let after = generator.below(calls)
        faults.failures.append(PlannedFailure(operation, after: after, kind: kind))
    }

    private func jump(by seconds: Int) {
        trace.note("the wall clock jumps by \(seconds) s")
        findings.count("clock jump")
        clocks.jump(by: .seconds(seconds))
    }
}
