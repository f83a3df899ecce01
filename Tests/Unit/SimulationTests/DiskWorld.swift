// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import Simulation

/// A simulated disk with a mounted file system, for tests that talk to nothing else.
struct DiskWorld {
    let disk: SimulatedDisk
    let timeline = Timeline()

    init(seed: UInt64 = 1, faults: DiskFaults = DiskFaults()) {
        disk = SimulatedDisk(
            generator: SeededGenerator(seed: seed, purpose: "disk"),
            timeline: timeline,
            clocks: VirtualClocks(timeline),
            trace: Trace(),
            faults: faults
        )
    }

    /// Stops the machine, decides what is left, and starts it again.
    func restart(_ fate: CrashFate) -> any FileSystem {
        disk.crash()
        disk.settle(fate)
        return disk.mount()
    }

    /// What is left of `data` after a crash that came when a synced file `a` of these bytes was changed.
    static func left(
        of bytes: [UInt8],
        seed: UInt64,
        fate: CrashFate = .seeded,
        by change: (any File) throws -> Void
    ) throws -> any Directory {
        let world = DiskWorld(seed: seed)
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        let file = try directory.open("a", .createNew)
        try file.put(bytes)
        try file.sync()
        try directory.sync()
        try change(file)
        return try world.restart(fate).directory(at: "data", .mustExist)
    }

    /// A synced file `data/a` of these bytes, on a machine that runs.
    func file(_ bytes: [UInt8]) throws -> any File {
        let directory = try disk.mount().directory(at: "data", .createIfMissing)
        let file = try directory.open("a", .createNew)
        try file.put(bytes)
        try file.sync()
        try directory.sync()
        return file
    }

    var durable: DiskView { DiskView(disk, .durable) }
    var current: DiskView { DiskView(disk, .current) }
}

/// `count` bytes, all of one value.
func filled(_ value: UInt8, _ count: Int) -> [UInt8] {
    [UInt8](repeating: value, count: count)
}
