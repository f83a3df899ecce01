// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import Simulation
import Testing

@Suite struct `Simulated disk` {
    @Test(arguments: CrashFate.allCases)
    func `a synced file under a synced name survives every crash`(fate: CrashFate) throws {
        for seed in 0..<50 as Range<UInt64> {
            let after = try DiskWorld.left(of: filled(7, 1500), seed: seed, fate: fate) { file in
                try file.put(filled(8, 10), at: 3000)
            }
            #expect(try after.open("a", .read).get(1500) == filled(7, 1500))
        }
    }

    @Test func `unsynced bytes are lost, kept and torn, each in some seed`() throws {
        var seen: Set<String> = []
        for seed in 0..<60 as Range<UInt64> {
            let left = try DiskWorld.left(of: filled(1, 1024), seed: seed) { file in
                try file.put(filled(2, 1024))
            }.open("a", .read).get(2000)
            #expect(left.count == 1024)
            seen.insert("\(left[0])\(left[511])\(left[512])\(left[1023])")
        }
        #expect(seen == ["1111", "1122", "2211", "2222"])
    }

    @Test func `the length of a file is lost, kept or something between`() throws {
        var lengths: Set<Int> = []
        for seed in 0..<60 as Range<UInt64> {
            let left = try DiskWorld.left(of: filled(1, 100), seed: seed) { file in
                try file.put(filled(1, 100), at: 100)
                try file.put(filled(1, 100), at: 200)
            }
            lengths.insert(try left.open("a", .read).get(1000).count)
        }
        #expect(lengths == [100, 200, 300])
    }

    @Test func `a cut that was not synced may be undone, but never half`() throws {
        var seen: Set<[UInt8]> = []
        for seed in 0..<60 as Range<UInt64> {
            let left = try DiskWorld.left(of: filled(1, 1024), seed: seed) { file in
                try file.truncate(to: 0)
            }
            seen.insert(try left.open("a", .read).get(2000))
        }
        #expect(seen == [[], filled(1, 1024)])
    }

    @Test func `names that were not synced may be undone, each for itself`() throws {
        var seen: Set<[String]> = []
        for seed in 0..<200 as Range<UInt64> {
            let world = DiskWorld(seed: seed)
            let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
            for name in ["gone", "moved"] { try directory.open(name, .createNew).sync() }
            try directory.sync()
            try directory.remove("gone")
            try directory.rename("moved", to: directory, as: "there")
            _ = try directory.open("new", .createNew)
            let left = try world.restart(.seeded).directory(at: "data", .mustExist)
            seen.insert(try left.names(after: "", limit: 10))
        }
        // Two outcomes of each of three changes.
        #expect(seen.count == 8)
        #expect(seen.contains(["gone", "moved"]))
        #expect(seen.contains(["new", "there"]))
        #expect(seen.allSatisfy { $0.contains("moved") != $0.contains("there") })
    }

    @Test func `a rename between directories counts once the one it moved into was synced`() throws
    {
        for synced in [[], ["from"], ["to"], ["from", "to"]] {
            let world = DiskWorld()
            let root = try world.disk.mount().directory(at: "data", .createIfMissing)
            let from = try root.directory("from", .createIfMissing)
            let to = try root.directory("to", .createIfMissing)
            try root.sync()
            try from.open("a", .createNew).sync()
            try from.sync()
            try from.rename("a", to: to, as: "b")
            for name in synced { try (name == "from" ? from : to).sync() }
            let left = try world.restart(.forgetsUnsynced).directory(at: "data", .mustExist)
            let names = try ["from", "to"].flatMap { name in
                try left.directory(name, .mustExist).names(after: "", limit: 10)
            }
            #expect(names == (synced.contains("to") ? ["b"] : ["a"]))
        }
    }

    @Test func `a directory nobody synced the parent of is lost with all in it`() throws {
        let world = DiskWorld()
        let root = try world.disk.mount().directory(at: "data", .createIfMissing)
        let child = try root.directory("child", .createIfMissing)
        try child.open("a", .createNew).sync()
        try child.sync()
        let left = try world.restart(.forgetsUnsynced).directory(at: "data", .mustExist)
        #expect(try left.names(after: "", limit: 10) == [])
    }

    @Test func `a renamed file replaces another, which a lost rename brings back`() throws {
        var seen: Set<[UInt8]> = []
        for seed in 0..<30 as Range<UInt64> {
            let world = DiskWorld(seed: seed)
            let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
            for (name, value) in [("old", 1), ("new", 2)] as [(String, UInt8)] {
                let file = try directory.open(name, .createNew)
                try file.put(filled(value, 4))
                try file.sync()
            }
            try directory.sync()
            try directory.rename("new", to: directory, as: "old")
            #expect(try directory.open("old", .read).get(4) == filled(2, 4))
            let left = try world.restart(.seeded).directory(at: "data", .mustExist)
            seen.insert(try left.open("old", .read).get(4))
        }
        #expect(seen == [filled(1, 4), filled(2, 4)])
    }

    @Test func `a failed sync leaves bytes that later syncs pass over`() throws {
        let world = DiskWorld()
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        let file = try directory.open("a", .createNew)
        try file.put(filled(1, 512))
        try file.sync()
        try directory.sync()
        try file.put(filled(2, 512))
        world.disk.faults.failures = [PlannedFailure(.syncFile, after: 0, kind: .device)]
        #expect(throws: FileError.self) { try file.sync() }
        try file.sync()
        #expect(world.current.bytes(at: "data/a") == filled(2, 512))
        #expect(world.durable.bytes(at: "data/a") == filled(1, 512))
        try file.put(filled(3, 512))
        try file.sync()
        #expect(world.durable.bytes(at: "data/a") == filled(3, 512))
    }

    @Test func `a full disk takes no byte more, and room comes back`() throws {
        let world = DiskWorld(faults: DiskFaults(capacity: 1000))
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        let file = try directory.open("a", .createNew)
        try file.put(filled(1, 900))
        #expect(try directory.freeBytes() == 100)
        let error = #expect(throws: FileError.self) { try file.put(filled(1, 200), at: 900) }
        #expect(error?.kind == .noSpace)
        #expect(try file.size() == 900)
        try file.put(filled(2, 900))
        try directory.remove("a")
        #expect(try directory.freeBytes() == 1000)
    }

    @Test func `a machine that stopped changes nothing any more`() throws {
        let world = DiskWorld()
        let files = world.disk.mount()
        let directory = try files.directory(at: "data", .createIfMissing)
        let file = try directory.open("a", .createNew)
        try directory.sync()
        world.disk.crash()
        #expect(throws: FileError.self) { try file.put([1]) }
        #expect(throws: FileError.self) { try directory.open("b", .createNew) }
        world.disk.settle(.processOnly)
        _ = world.disk.mount()
        #expect(throws: FileError.self) { try file.put([1]) }
        #expect(throws: FileError.self) { try directory.names(after: "", limit: 1) }
        #expect(throws: FileError.self) { try files.directory(at: "data", .mustExist) }
        #expect(world.current.paths() == ["data/a"])
        #expect(world.current.bytes(at: "data/a") == [])
    }

    @Test func `what outlived a process is still lost with the power`() throws {
        let world = DiskWorld()
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        let file = try directory.open("a", .createNew)
        try file.put(filled(1, 10))
        let after = try world.restart(.processOnly).directory(at: "data", .mustExist)
        #expect(try after.open("a", .read).get(10) == filled(1, 10))
        let left = try world.restart(.forgetsUnsynced).directory(at: "data", .mustExist)
        #expect(try left.names(after: "", limit: 1) == [])
    }

    @Test func `a planned crash strikes at every change in turn`() throws {
        var survivors: [Int] = []
        for point in 0..<12 {
            var faults = DiskFaults()
            faults.crashAfter = point
            let world = DiskWorld(seed: UInt64(point), faults: faults)
            let acknowledged = writeTwoFiles(world.disk.mount())
            #expect(world.disk.isDown == (acknowledged < 2))
            _ = world.restart(.forgetsUnsynced)
            let left = world.durable.paths().filter { $0 != "data/c" }
            #expect(left.count >= acknowledged)
            survivors.append(acknowledged)
        }
        #expect(survivors == survivors.sorted())
        #expect(Set(survivors) == [0, 1, 2])
    }

    @Test func `rot at rest is seen by readers and by the platter`() throws {
        let world = DiskWorld()
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        let file = try directory.open("a", .createNew)
        try file.put(filled(1, 10))
        try file.sync()
        try directory.sync()
        world.current.damage("data/a", at: 4, xor: 0x80)
        #expect(try file.get(10)[4] == 0x81)
        #expect(world.durable.bytes(at: "data/a")?[4] == 0x81)
    }

    /// Publishes two files and says how many of them were done before something failed.
    private func writeTwoFiles(_ files: any FileSystem) -> Int {
        var acknowledged = 0
        do {
            let directory = try files.directory(at: "data", .createIfMissing)
            for name in ["a", "b"] {
                let file = try directory.open(name, .createNew)
                try file.put(filled(1, 600))
                try file.sync()
                try directory.sync()
                acknowledged += 1
            }
        } catch {
            return acknowledged
        }
        return acknowledged
    }
}
