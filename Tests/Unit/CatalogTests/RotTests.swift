// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Journal
import OCI
import Platform
import SQLite
import Testing

/// History 9, with the catalog's own tables: SQLite itself opens both of these without a word.
@Suite struct `A catalog file that rots` {
    private static func options() -> Catalog.Options {
        var options = Catalog.Options()
        options.vfs = PageCheckVFS(over: .system) { Issue.record("a sync failed: \($0)") }
        // All of it stays in the WAL.
        options.checkpointFrames = 1_000_000
        return options
    }

    // I1, I11.
    @Test func `with a flipped bit in its WAL is refused, never opened short`() throws {
        let fixture = try CatalogFixture(Self.options())
        for number in 0..<100 { try fixture.image("image \(number)", tag: "v1") }
        let heads = try fixture.catalog.read { view throws(CatalogError) in try view.heads() }
        #expect(heads.region.position == 200)
        // As after `kill -9`: the files as they are.
        let files = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
        let file = try files.open(Catalog.fileName, .read).all()
        let log = try files.open("\(Catalog.fileName)-wal", .read).all()
        func copy(flipping byte: Int?) throws -> TemporaryDirectory {
            let copy = try TemporaryDirectory()
            var log = log
            if let byte { log[byte] ^= 4 }
            try copy.directory.open(Catalog.fileName, .writeOrCreate).put(file)
            try copy.directory.open("\(Catalog.fileName)-wal", .writeOrCreate).put(log)
            return copy
        }
        func position(_ copy: TemporaryDirectory, _ options: Catalog.Options) throws -> UInt64 {
            let catalog = try Catalog(at: copy.path, world: World.linux(), options: options)
            let heads = try catalog.read { view throws(CatalogError) in try view.heads() }
            try catalog.close()
            return heads.region.position
        }
        #expect(try position(copy(flipping: nil), Self.options()) == 200)
        for part in [3, 5, 8] {
            let byte = log.count * part / 10
            do {
                let found = try position(copy(flipping: byte), Self.options())
                Issue.record("opened at \(found) with byte \(byte) flipped")
            } catch {
                guard case .damaged(let sentence)? = error as? CatalogError else { throw error }
                #expect(sentence.contains("restore"))
            }
            // What the same bit does where nobody looks: acknowledged entries are gone.
            #expect(try position(copy(flipping: byte), Catalog.Options()) < 200)
        }
    }

    /// The files of a catalog as after `kill -9`, with more behind the end of its WAL.
    private func killed(
        _ fixture: CatalogFixture,
        leaving tail: [UInt8]
    ) throws
        -> TemporaryDirectory
    {
        let copy = try TemporaryDirectory()
        let files = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
        for (name, more) in [(Catalog.fileName, []), ("\(Catalog.fileName)-wal", tail)] {
            let bytes = try files.open(name, .read).all()
            try copy.directory.open(name, .writeOrCreate).put(bytes + more)
        }
        return copy
    }

    // I1: what one torn end left must not look like damage in front of the next.
    @Test func `keeps nothing of what a crash left behind its last commit`() throws {
        let fixture = try CatalogFixture(Self.options())
        for number in 0..<5 { try fixture.image("image \(number)", tag: "v1") }
        let files = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
        let log = try files.open("\(Catalog.fileName)-wal", .read).all()
        let frame = Array(log.suffix(24 + 4096))
        for tail in [Array(frame.prefix(100)), frame, frame + frame] {
            let copy = try killed(fixture, leaving: tail)
            let left = try copy.directory.open("\(Catalog.fileName)-wal", .read)
            #expect(try left.size() == UInt64(log.count + tail.count))
            let catalog = try Catalog(
                at: copy.path,
                world: World.linux(),
                options: Self.options()
            )
            #expect(try left.size() == UInt64(log.count))
            let heads = try catalog.read { view throws(CatalogError) in try view.heads() }
            #expect(heads.region.position == 10)
            try catalog.close()
        }
    }

    // I1: a WAL that perhaps never reached the disk is no ground for what is acknowledged later.
    @Test func `is not opened for writing where its WAL cannot be made durable`() throws {
        let fixture = try CatalogFixture(Self.options())
        try fixture.image("image", tag: "v1")
        let copy = try killed(fixture, leaving: [])
        let files = FaultyFileSystem(LinuxFileSystem())
        let linux = World.linux()
        let world = World(
            clocks: linux.clocks,
            random: linux.random,
            files: files,
            lifeline: linux.lifeline
        )
        // The first file that is opened is the catalog, the second its WAL.
        files.faults.fail(.open, after: 1, as: .readOnly)
        #expect(throws: CatalogError.readOnly) {
            try Catalog(at: copy.path, world: world, options: Self.options())
        }
        let catalog = try Catalog(at: copy.path, world: world, options: Self.options())
        try catalog.close()
    }

    // I2, I4: a page that fails its check is never decided on and never served from.
    @Test func `with a flipped bit in a page says so or answers right, never wrong`() throws {
        let fixture = try CatalogFixture(Self.options())
        for number in 0..<40 {
            try fixture.image("image \(number)", tag: "v\(number)", in: "app\(number % 2)")
        }
        let expected = try fixture.dump()
        try fixture.close()
        let files = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
        let file = try files.open(Catalog.fileName, .read).all()
        var refusals = 0
        let places = Array(stride(from: 700, to: file.count, by: 4096 / 3 + 1))
        for place in places {
            let copy = try TemporaryDirectory()
            var bytes = file
            bytes[place] ^= 1
            try copy.directory.open(Catalog.fileName, .writeOrCreate).put(bytes)
            do {
                let catalog = try Catalog(
                    at: copy.path,
                    world: World.linux(),
                    options: Self.options()
                )
                var dump: [String] = []
                try catalog.canonicalDump { dump.append($0) }
                #expect(dump == expected, "byte \(place)")
                try catalog.close()
            } catch {
                let page = "page \(place / 4096 + 1) of \(copy.path)/catalog.db fails its check"
                #expect(error == .pageCheckFailed(page))
                #expect("\(error)".contains("'breakwater catalog rebuild --offline'"))
                refusals += 1
            }
        }
        // Indexes that nothing here reads are not missed.
        #expect(refusals > places.count / 2)
    }
}
