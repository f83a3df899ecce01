// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Glibc
import Journal
import Platform
import SQLite
import Testing

/// A rebuild that fails, or is cut off at any step, leaves the old catalog or the new one.
@Suite struct `A rebuild that does not end well` {
    private let faults = Faults()
    private let lifeline = NotedLifeline()

    private var world: World {
        var world = World.linux()
        world.files = FaultyFileSystem(LinuxFileSystem(), faults: faults)
        world.lifeline = lifeline
        return world
    }

    private func names(_ fixture: CatalogFixture) throws -> [String] {
        try LinuxFileSystem().directory(at: fixture.path, .mustExist).names(after: "", limit: 99)
    }

    private func rebuild(_ fixture: CatalogFixture) throws {
        try CatalogRebuild.offline(at: fixture.path, world: world) { _, _ in }
    }

    @Test func `leaves nothing beside the catalog when an entry is damaged`() throws {
        let fixture = try CatalogFixture()
        for number in 0..<5 { try fixture.image("image \(number)", tag: "v\(number)") }
        try fixture.close()
        let connection = try Connection(path: "\(fixture.path)/catalog.db", mode: .readWrite)
        try connection.execute("UPDATE entries SET bytes = zeroblob(10) WHERE position = 3")
        try connection.close()
        #expect(throws: CatalogError.self) { try rebuild(fixture) }
        #expect(try names(fixture) == [Catalog.fileName])
    }

    @Test func `leaves nothing and changes nothing when the new file does not get its name`() throws
    {
        let fixture = try CatalogFixture()
        try fixture.image("image", tag: "v1")
        let before = try fixture.dump()
        try fixture.close()
        faults.fail(.rename)
        #expect(throws: CatalogError.self) { try rebuild(fixture) }
        #expect(lifeline.reasons.isEmpty)
        #expect(try names(fixture) == [Catalog.fileName])
        try fixture.reopen()
        #expect(try fixture.dump() == before)
    }

    // I1: behind the decision only the new file counts, whatever was still to be done.
    @Test(arguments: [(FileOperation.remove, 3), (.rename, 1), (.syncDirectory, 1)])
    func `ends the process behind its decision, and the next start goes on from there`(
        _ operation: FileOperation,
        _ skips: Int
    ) throws {
        let fixture = try CatalogFixture()
        for number in 0..<5 { try fixture.image("image \(number)", tag: "v\(number)") }
        let before = try fixture.dump()
        try fixture.close()
        faults.before { [faults] called, name in
            // From the decision on: its rename is the first.
            guard called == .rename, name.contains("catalog.rebuilt") else { return }
            faults.before(nil)
            faults.fail(operation, after: operation == .remove ? 0 : skips)
        }
        #expect(throws: CatalogError.self) { try rebuild(fixture) }
        #expect(lifeline.reasons.count == 1)
        #expect(try names(fixture) == [Catalog.fileName, "catalog.next"])
        try fixture.reopen()
        #expect(try fixture.dump() == before)
        #expect(try !names(fixture).contains("catalog.next"))
        try fixture.image("after", tag: "after")
    }

    @Test func `or ends well keeps owner and mode of the file`() throws {
        let fixture = try CatalogFixture()
        try fixture.image("image", tag: "v1")
        try fixture.close()
        let path = "\(fixture.path)/\(Catalog.fileName)"
        #expect(chmod(path, 0o640) == 0)
        // Only root can give it to somebody.
        if geteuid() == 0 { #expect(chown(path, 4321, 4322) == 0) }
        func access() -> [UInt32] {
            var facts = stat()
            #expect(stat(path, &facts) == 0)
            return [facts.st_uid, facts.st_gid, facts.st_mode & 0o777]
        }
        let before = access()
        #expect(before[2] == 0o640)
        try CatalogRebuild.offline(at: fixture.path, world: World.linux()) { _, _ in }
        #expect(access() == before)
    }

    @Test func `that was killed has its leftovers removed at the next opening`() throws {
        let fixture = try CatalogFixture()
        let files = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
        for name in ["catalog.rebuilt", "catalog.rebuilt-wal", "catalog.new", "catalog.new-shm"] {
            try files.open(name, .createNew).put([1, 2, 3])
        }
        try fixture.reopen()
        try fixture.close()
        #expect(try names(fixture) == [Catalog.fileName])
    }
}
