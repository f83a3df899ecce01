// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import Simulation

@Suite struct `Faults of the simulated disk` {
    @Test(arguments: [
        (FaultKind.failedSync, DiskOperation.syncFile), (.failedDirectorySync, .syncDirectory),
        (.failedRename, .rename), (.failedRead, .read),
    ])
    func `that a swarm draws are planned for a life`(kind: FaultKind, operation: DiskOperation) {
        let trace = Trace()
        let world = DiskWorld()
        var driver = FaultDriver(
            swarm: Swarm(kinds: [kind]),
            operations: 100,
            disk: world.disk,
            clocks: VirtualClocks(world.timeline),
            findings: Findings(trace: trace),
            trace: trace,
            fuse: Fuse(disk: world.disk),
            seed: 1
        )
        driver.beginLife(used: 0)
        #expect(world.disk.faults.failures.map(\.operation) == [operation])
    }

    @Test func `are not met by a checker, and wait for the product`() throws {
        let world = DiskWorld()
        let files = try world.disk.mount().directory(at: "data", .createIfMissing)
        let file = try files.open("a", .createNew)
        world.disk.faults.failures = [PlannedFailure(.read, after: 0, kind: .device)]
        var bytes = [UInt8](repeating: 0, count: 1)
        #expect(try world.disk.sparing { try file.read(into: &bytes, at: 0) } == 0)
        #expect(throws: FileError.self) { try file.read(into: &bytes, at: 0) }
        #expect(try file.read(into: &bytes, at: 0) == 0)
    }
}
