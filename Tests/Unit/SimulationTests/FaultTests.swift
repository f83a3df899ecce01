// SPDX-License-Identifier: Apache-2.0

import Contracts
import Crypto
import OCI
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
        var generator = SeededGenerator(seed: 1)
        var driver = FaultDriver(
            swarm: Swarm(kinds: [kind]),
            operations: 100,
            disk: world.disk,
            clocks: VirtualClocks(world.timeline),
            findings: Findings(trace: trace),
            trace: trace,
            fuse: Fuse(disk: world.disk),
            rot: Rot(disk: world.disk),
            content: Content(&generator),
            ledger: Ledger(),
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

    @Test func `leave a sector unreadable until it is written anew`() throws {
        let world = DiskWorld()
        let file = try world.file(filled(7, 2000))
        DiskView(world.disk, .current).loseSector("data/a", at: 600)
        var bytes = [UInt8](repeating: 0, count: 512)
        #expect(try file.read(into: &bytes, at: 0) == 512)
        #expect(throws: FileError.self) { try file.read(into: &bytes, at: 700) }
        #expect(try file.read(into: &bytes, at: 1024) == 512)
        #expect(world.disk.strikes[.unreadableSectors] == 1)
        try file.write(filled(8, 512).span, at: 512)
        #expect(try file.read(into: &bytes, at: 512) == 512)
        #expect(bytes == filled(8, 512))
    }

    @Test func `count as a slow disk once a sync was slow`() throws {
        let world = DiskWorld()
        let file = try world.file(filled(7, 100))
        world.disk.faults.syncLatency = DiskFaults.slowSync
        try file.write([9].span, at: 3)
        #expect(world.disk.strikes[.slowDisk] == nil)
        try file.sync()
        #expect(world.disk.strikes[.slowDisk] == 1)
    }

    @Test func `flip bits that come back from a mirror unless they were written since`() throws {
        let world = DiskWorld()
        let file = try world.file(filled(7, 100))
        let view = DiskView(world.disk, .current)
        view.damage("data/a", at: 3, xor: 1)
        view.damage("data/a", at: 50, xor: 2)
        #expect(world.current.bytes(at: "data/a")?[3] == 6)
        #expect(world.durable.bytes(at: "data/a")?[50] == 5)
        try file.write([9].span, at: 3)
        view.undoDamage(under: "data/")
        #expect(world.current.bytes(at: "data/a")?[3] == 9)
        #expect(world.current.bytes(at: "data/a")?[50] == 7)
    }

    @Test func `stay in what is written as it was read, and a mirror still has what was there`()
        throws
    {
        let world = DiskWorld()
        let file = try world.file(filled(7, 100))
        let view = DiskView(world.disk, .current)
        view.damage("data/a", at: 3, xor: 1)
        var bytes = [UInt8](repeating: 0, count: 100)
        #expect(try file.read(into: &bytes, at: 0) == 100)
        try file.write(bytes.span, at: 0)
        #expect(world.current.bytes(at: "data/a")?[3] == 6)
        view.undoDamage(under: "data/")
        #expect(world.current.bytes(at: "data/a")?[3] == 7)
    }

    @Test func `let a damaged copy be known as such once it lies elsewhere`() throws {
        let world = DiskWorld()
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        let file = try directory.open("a", .createNew)
        try file.put(filled(7, 100))
        let (rot, digest) = (Rot(disk: world.disk), Digest.of([1]))
        #expect(!rot.isSuspect(digest))
        rot.damaged(digest, at: "data/a")
        #expect(rot.isSuspect(digest) && !rot.isKnown(digest))
        try directory.rename("a", to: directory, as: "set-aside")
        #expect(rot.isSuspect(digest) && rot.isKnown(digest))
        // Seen whole at one start and at the next: nobody asks any more who asked before.
        rot.isWhole(digest)
        #expect(rot.isSuspect(digest))
        rot.isWhole(digest)
        #expect(!rot.isSuspect(digest))
    }

    @Test func `lie there although a digest has a whole copy elsewhere, as a scrub may find`()
        throws
    {
        let world = DiskWorld()
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        _ = try directory.open("a", .createNew)
        let (rot, digest) = (Rot(disk: world.disk), Digest.of([1]))
        rot.damaged(digest, at: "data/a")
        rot.damaged(digest, at: "data/a")
        for _ in 0..<2 { rot.isWhole(digest) }
        #expect(!rot.isSuspect(digest) && rot.lying == 1)
        rot.forget()
        #expect(rot.lying == 1)
        try directory.rename("a", to: directory, as: "set-aside")
        #expect(rot.lying == 0)
    }

    @Test func `wait for the operation after which a crash is planned`() {
        let world = DiskWorld()
        let fuse = Fuse(disk: world.disk)
        fuse.light(operation: 2, .changes(5))
        fuse.operationBegan()
        #expect(world.disk.crashAfter == nil && fuse.isLit)
        fuse.operationBegan()
        #expect(world.disk.crashAfter == 5 && fuse.isLit)
        fuse.putOut()
        #expect(world.disk.crashAfter == nil && !fuse.isLit)
    }

    @Test func `stop the machine among calls that only read, and between two awaits`() throws {
        let world = DiskWorld()
        let fuse = Fuse(disk: world.disk)
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        fuse.light(operation: 0, .calls(1))
        _ = try directory.names(after: "", limit: 1)
        #expect(throws: FileError.self) { try directory.names(after: "", limit: 1) }
        #expect(world.disk.isDown && !fuse.isLit)
        _ = world.restart(.processOnly)
        fuse.light(operation: 0, .jobs(1))
        fuse.jobBegan()
        #expect(!world.disk.isDown && fuse.isLit)
        fuse.jobBegan()
        #expect(world.disk.isDown && !fuse.isLit)
    }
}

@Suite struct `A virtual wall clock` {
    @Test(arguments: [(50, UInt64(105_000)), (-50, 95_000), (0, 100_000)])
    func `gains or loses what it was told, and keeps that`(perMille: Int, passed: UInt64) {
        let timeline = Timeline()
        let clocks = VirtualClocks(timeline)
        clocks.drift(perMille: perMille)
        let begin = clocks.wallMilliseconds()
        #expect(clocks.driftsSeen == 0)
        timeline.elapse(.seconds(100))
        #expect(clocks.wallMilliseconds() - begin == passed)
        clocks.drift(perMille: 0)
        timeline.elapse(.seconds(1))
        #expect(clocks.wallMilliseconds() - begin == passed + 1000)
        #expect(clocks.monotonic() == .seconds(101))
        #expect(clocks.driftsSeen == (perMille == 0 ? 0 : 1))
    }
}
