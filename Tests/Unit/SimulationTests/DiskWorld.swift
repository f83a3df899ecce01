// SPDX-License-Identifier: Apache-2.0

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

    var durable: DiskView { DiskView(disk, .durable) }
    var current: DiskView { DiskView(disk, .current) }
}

extension File {
    func put(_ bytes: [UInt8], at offset: UInt64 = 0) throws(FileError) {
        try write(bytes.span, at: offset)
    }

    func get(_ count: Int, at offset: UInt64 = 0) throws(FileError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0xee, count: count)
        let read = try read(into: &buffer, at: offset)
        return Array(buffer[..<read])
    }
}

/// `count` bytes, all of one value.
func filled(_ value: UInt8, _ count: Int) -> [UInt8] {
    [UInt8](repeating: value, count: count)
}
