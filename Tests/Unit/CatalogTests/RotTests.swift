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
        options.checkpointFrames = 0
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
                refusals += 1
            }
        }
        // Indexes that nothing here reads are not missed.
        #expect(refusals > places.count / 2)
    }
}
