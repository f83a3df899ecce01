// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Journal
import Platform
import SQLite
import Testing

/// Rot in the WAL of a catalog that is open: no start has looked at it, and the next will refuse it.
@Suite struct `A WAL that rots while the catalog is open` {
    private static func options(checkpointFrames: Int32) -> Catalog.Options {
        var options = Catalog.Options()
        options.vfs = PageCheckVFS(over: .system) { Issue.record("a sync failed: \($0)") }
        options.checkpointFrames = checkpointFrames
        return options
    }

    /// Flips a bit in every frame of a table's first page.
    private func damage(_ table: String, of fixture: CatalogFixture) throws {
        let connection = try Connection(path: "\(fixture.path)/catalog.db", mode: .readOnly)
        let root = try connection.prepare(
            "SELECT rootpage FROM sqlite_schema WHERE name = '\(table)'"
        ).first { Int($0.integer(0)) }
        let files = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
        let log = "\(Catalog.fileName)-wal"
        #expect(try files.flipBits(inLog: log, ofPage: try #require(root)) > 0)
    }

    /// Links blobs until the catalog refuses; returns how many it took, and the refusal.
    private func write(to fixture: CatalogFixture) throws -> (count: Int, refusal: CatalogError) {
        for number in 0..<1000 {
            let digest = fixture.digest("more \(number)")
            do {
                try fixture.append([.blobLinked(fixture.key(), digest, size: 1, .first)])
            } catch let error as CatalogError { return (number, error) }
        }
        struct Endless: Error {}
        throw Endless()
    }

    // I1, I11: what is acknowledged behind such a page would be refused with it.
    @Test func `is told as damage and not as a full disk, and a rebuild saves everything`() throws {
        let fixture = try CatalogFixture(Self.options(checkpointFrames: 100))
        try fixture.image("image", tag: "v1")
        #expect(fixture.catalog.obstacle == nil)
        try damage("namespaces", of: fixture)
        let (taken, refusal) = try write(to: fixture)
        #expect(taken > 0)
        #expect(fixture.catalog.obstacle == refusal)
        guard case .damaged(let sentence) = refusal else {
            Issue.record("refused for another reason: \(refusal)")
            return
        }
        #expect(sentence.contains("catalog.db-wal fails its check"))
        #expect(sentence.contains("the WAL cannot be copied into the file"))
        #expect(sentence.contains("'breakwater catalog rebuild'"))
        // What does not need the page goes on.
        func region() throws -> UInt64 {
            try fixture.catalog.read { view throws(CatalogError) in try view.heads().region.position
            }
        }
        #expect(try region() == UInt64(2 + taken))
        try fixture.catalog.rebuild { _, _ in }
        #expect(fixture.catalog.obstacle == nil)
        #expect(try region() == UInt64(2 + taken))
        try fixture.image("after", tag: "v2")
        let after = try fixture.dump()
        try fixture.reopen()
        #expect(try fixture.dump() == after)
    }

    // I1: a clean stop leaves no WAL, or says so.
    @Test func `does not let the catalog be closed as if all were well`() throws {
        let fixture = try CatalogFixture(Self.options(checkpointFrames: 0))
        try fixture.image("image", tag: "v1")
        try damage("namespaces", of: fixture)
        let error = #expect(throws: CatalogError.self) { try fixture.close() }
        guard case .pageCheckFailed? = error else {
            Issue.record("refused for another reason: \(String(describing: error))")
            return
        }
        let files = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
        #expect(try files.open("\(Catalog.fileName)-wal", .read).size() > 0)
        // The next start refuses it.
        let options = Self.options(checkpointFrames: 0)
        #expect(throws: CatalogError.self) {
            try Catalog(at: fixture.path, world: World.linux(), options: options)
        }
    }
}
