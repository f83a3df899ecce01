// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform
import SQLite
import Testing

@Suite struct `Rebuilding and opening a catalog` {
    @Test func `a rebuilt projection is equal in its canonical dump, online and offline`() throws {
        // I4: the projection is a pure function of the entries.
        let fixture = try CatalogFixture()
        for number in 0..<40 {
            try fixture.image("image \(number)", tag: "v\(number % 7)", in: "app\(number % 3)")
        }
        let tag = try #require(Tag("v1"))
        try fixture.append([.tagDeleted(fixture.key("app1"), tag)])
        let before = try fixture.dump()
        #expect(before.count > 100)
        try fixture.catalog.rebuild { _, _ in }
        #expect(try fixture.dump() == before)
        try fixture.close()
        try CatalogRebuild.offline(at: fixture.path, world: World.linux()) { _, _ in }
        try fixture.reopen()
        #expect(try fixture.dump() == before)
        try fixture.image("after", tag: "after")
    }

    @Test func `a rebuild whose task is cancelled changes nothing and leaves no file behind`()
        async throws
    {
        let fixture = try CatalogFixture()
        try fixture.image("one", tag: "v1")
        let before = try fixture.dump()
        let catalog = fixture.catalog
        let error = await withTaskGroup(of: CatalogError?.self) { group in
            group.cancelAll()
            group.addTask {
                do throws(CatalogError) { try catalog.rebuild { _, _ in } } catch { return error }
                return nil
            }
            return await group.next() ?? nil
        }
        #expect(error == .interrupted)
        #expect(try fixture.dump() == before)
        let names = try World.linux().files.directory(at: fixture.path, .mustExist)
            .names(after: "", limit: 100)
        #expect(!names.contains { $0.hasPrefix("catalog.rebuilt") })
        // It is the writer's again.
        try fixture.image("two", tag: "v2")
        try fixture.close()
    }

    @Test func `two journals applied in either order give one dump`() throws {
        // History 1: nothing orders the estate journal against the region's, so apply must not care.
        func dump(estateFirst: Bool) throws -> [String] {
            let fixture = try CatalogFixture()
            let estate: [Event] = [.namespaceCreated(fixture.namespace, name: "team")]
            let region: [Event] = [
                .blobLinked(fixture.key(), fixture.digest("b"), size: 1, .first)
            ]
            try fixture.append(estateFirst ? estate : region, at: 1)
            try fixture.append(estateFirst ? region : estate, at: 1)
            let own = fixture.catalog.identity.region.description
            // The ids of the two catalogs differ; what they stand for does not.
            return try fixture.dump().map { line in
                line.replacing(own.uppercased(), with: "REGION")
            }
        }
        #expect(try dump(estateFirst: true) == dump(estateFirst: false))
    }

    @Test func `an entry of a later level stops the node and says so`() throws {
        // History 17: what a later version means must not be skipped.
        let fixture = try CatalogFixture()
        try fixture.append([.regionLevelRaised(9)])
        do {
            try fixture.reopen()
            Issue.record("a catalog of level 9 was opened")
        } catch let error as CatalogError {
            guard case .newer(let sentence) = error else {
                Issue.record("refused for another reason: \(error)")
                return
            }
            #expect(sentence.contains("level 9"))
        }
    }

    @Test func `every table is strict, has a key of its own and no numbers but whole ones`() throws
    {
        // History 22: what SQLite would decide by itself (affinity, row numbers, REAL) differs or rounds.
        let fixture = try CatalogFixture()
        try fixture.close()
        let connection = try Connection(path: "\(fixture.path)/catalog.db", mode: .readOnly)
        func names(_ query: String) throws -> [String] {
            try connection.prepare(query).all { $0.text(0) }
        }
        let tables = "pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
        #expect(try names("SELECT name FROM \(tables)").count > 10)
        #expect(try names("SELECT name FROM \(tables) AND strict = 0").isEmpty)
        for table in try names("SELECT name FROM \(tables)") {
            let columns = "pragma_table_info('\(table)')"
            #expect(try !names("SELECT name FROM \(columns) WHERE pk > 0").isEmpty, "\(table)")
            let others = "type NOT IN ('INTEGER', 'TEXT', 'BLOB')"
            #expect(try names("SELECT name FROM \(columns) WHERE \(others)").isEmpty, "\(table)")
        }
        try connection.close()
    }

    @Test func `tags that are equal as numbers are different tags`() throws {
        // History 22: in a NUMERIC column 1.10 would be 1.1.
        let fixture = try CatalogFixture()
        let names = ["1.1", "1.10", "1.100", "01.1", "1e0", "1"]
        for name in names { try fixture.image(name, tag: name) }
        for name in names {
            let tag = try #require(Tag(name))
            let found = try fixture.read { view, row throws(CatalogError) in
                try view.tag(row, tag)
            }
            #expect(found == fixture.digest(name))
        }
    }

    @Test(arguments: [
        "DELETE FROM entries WHERE scope = 1 AND position = 2",
        "UPDATE entries SET bytes = zeroblob(10) WHERE scope = 1 AND position = 3",
        "UPDATE heads SET position = position - 1 WHERE scope = 1",
        "UPDATE heads SET chain = zeroblob(32) WHERE scope = 1",
        "UPDATE marks SET position = position + 1 WHERE scope = 1",
    ])
    func `a catalog whose head, entries and projection disagree is refused with the way out`(
        _ damage: String
    ) throws {
        // I11: a node never goes on after finding its catalog ahead of, or unlike, the head.
        let fixture = try CatalogFixture()
        for number in 0..<5 { try fixture.image("image \(number)", tag: "v\(number)") }
        try fixture.close()
        let connection = try Connection(path: "\(fixture.path)/catalog.db", mode: .readWrite)
        try connection.execute(damage)
        try connection.close()
        do {
            _ = try Catalog(at: fixture.path, world: World.linux())
            Issue.record("a damaged catalog was opened")
        } catch {
            guard case .damaged(let sentence) = error else {
                Issue.record("refused for another reason: \(error)")
                return
            }
            #expect(sentence.contains("restore"))
        }
    }

    @Test func `repositories are listed in the order of their whole names, page by page`() throws {
        let fixture = try CatalogFixture()
        let names = [
            "a", "a-b", "a-b/x", "a.b/y", "a/b", "a/c", "ab", "a0/z", "b/c/d", "b-/", "z",
        ].compactMap { RepositoryName($0) }
        for name in names {
            let id = Identifier(high: 1, low: UInt64(name.namespace.hashValue.magnitude))
            let known = try fixture.catalog.read { view throws(CatalogError) in
                try view.namespace(named: name.namespace)
            }
            if known == nil { try fixture.append([.namespaceCreated(id, name: name.namespace)]) }
            let key = RepositoryKey(namespace: known ?? id, path: name.path)
            let blob = fixture.digest("blob")
            try fixture.append([.blobLinked(key, blob, size: 1, .first)])
            try fixture.append([
                .manifestPut(key, fixture.manifest("m \(name)", blob: blob))
            ])
        }
        for limit in 1...5 {
            var listed: [RepositoryName] = []
            while true {
                let page = try fixture.catalog.read { view throws(CatalogError) in
                    try view.repositories(after: listed.last?.description ?? "", limit: limit)
                }
                guard !page.isEmpty else { break }
                listed += page
            }
            #expect(listed == names.sorted(), "pages of \(limit)")
        }
    }
}
