// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Contracts
import Journal
import OCI
import Platform
import Registry
import SQLite
import Testing

@testable import Catalog
@testable import Scrub

@Suite(.timeLimit(.minutes(10))) struct `The scrub of the catalog` {
    private func fill(_ test: Fixture, _ count: Int) async throws {
        for number in 0..<count { try await test.push(Array("blob \(number)".utf8)) }
    }

    private func bytes(_ test: Fixture) throws -> [UInt8] {
        let file = try test.temporary.directory.open(Catalog.fileName, .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        #expect(try file.read(into: &bytes, at: 0) == bytes.count)
        return bytes
    }

    @Test func `finds each of 100 bits that flip in the file, or says that nothing uses them`()
        async throws
    {
        var generator = SeededNumbers(seed: 7)
        let test = try Fixture()
        try await fill(test, 30)
        // Leaves pages that nothing uses.
        try test.alter(
            """
            CREATE TABLE passing (x BLOB); INSERT INTO passing VALUES (zeroblob(300000));
            DROP TABLE passing
            """
        )
        try test.catalog.close()
        let original = try bytes(test)
        var (refused, unused) = (0, 0)
        for _ in 0..<100 {
            let file = try test.temporary.directory.open(Catalog.fileName, .write)
            let bit = generator.next(below: original.count * 8)
            try Fixture.flip(file, bit: bit)
            var opened: Fixture?
            do {
                opened = try Fixture(after: test)
            } catch is CatalogError {
                // The start needed that page.
                refused += 1
            }
            if let opened, try isUnused(bit, opened) { unused += 1 }
            try file.truncate(to: UInt64(original.count))
            try file.write(original.span, at: 0)
        }
        // A start reads the schema, the ends of the journals and the latest entries.
        #expect(refused <= 20)
        #expect(unused > 0 && refused + unused < 100)
        let whole = try Fixture(after: test)
        #expect(try await whole.scrubNow().isSound)
    }

    /// Looks at a catalog in which a bit has flipped, and whether it says that nothing uses the page.
    private func isUnused(_ bit: Int, _ test: Fixture) throws -> Bool {
        let page = UInt32(bit / 8 / PageScan.pageBytes + 1)
        var scrub = CatalogScrub(test.catalog)
        while try scrub.step() {}
        try scrub.finish()
        // What is not decided on a damaged page cannot be written on one either.
        try test.catalog.close()
        let findings = scrub.findings
        guard !findings.unusedPages.isEmpty else {
            #expect(findings.damagedPages == [page], "bit \(bit)")
            return false
        }
        #expect(findings.unusedPages == [page] && findings.damagedPages.isEmpty)
        // Nothing else is wrong, then.
        #expect(findings.isCompared && !findings.needsRebuild)
        #expect(findings.damagedEntries.isEmpty)
        return true
    }

    @Test func `names each page and entry that the disk does not give, and comes to an end`()
        async throws
    {
        let test = try Fixture()
        try await fill(test, 30)
        try test.catalog.close()
        let pages = try bytes(test).count / PageScan.pageBytes
        var (withEntries, withoutEntries) = (0, 0)
        for page in 1...pages {
            let again = try Fixture(after: test, faultyCatalog: true)
            let end = UInt64(page * PageScan.pageBytes)
            again.files.faults.lose(end - UInt64(PageScan.pageBytes)..<end, of: Catalog.fileName)
            // What readers remember does not count after a change, if that is possible.
            _ = try? await again.push(Array("while page \(page) is lost".utf8))
            var scrub = CatalogScrub(again.catalog)
            var steps = 0
            while try scrub.step() {
                steps += 1
                try #require(steps < 1_000, "page \(page)")
                // What comes meanwhile is followed, however often its step fails.
                if steps < 30 {
                    _ = try? await again.push(Array("page \(page) step \(steps)".utf8))
                }
            }
            try scrub.finish()
            let findings = scrub.findings
            #expect(findings.damagedPages + findings.unusedPages == [UInt32(page)])
            if findings.damagedEntries.isEmpty { withoutEntries += 1 } else { withEntries += 1 }
            again.files.faults.clear()
            try again.catalog.close()
        }
        #expect(withEntries > 0 && withoutEntries > 0)
        let whole = try Fixture(after: test)
        #expect(try await whole.scrubNow().isSound)
    }

    @Test func `takes a page of the catalog that is not given once for no damage`() async throws {
        let test = try Fixture()
        try await fill(test, 30)
        test.files.faults.fail(.read)
        #expect(try await test.scrubNow().isSound)
    }

    @Test func `calls no page damaged that is torn in the file and whole in the WAL`() async throws
    {
        let test = try Fixture()
        try await fill(test, 30)
        try test.catalog.close()
        let original = try bytes(test)
        let again = try Fixture(after: test)
        try await again.push([1, 2, 3])
        let log = try again.temporary.directory.open("\(Catalog.fileName)-wal", .read)
        var frames = [UInt8](repeating: 0, count: Int(try log.size()))
        #expect(try log.read(into: &frames, at: 0) == frames.count)
        let pages = stride(from: 32, to: frames.count, by: 24 + PageScan.pageBytes).map { frame in
            frames[frame..<(frame + 4)].reduce(0) { $0 << 8 | Int($1) }
        }
        // As a crash leaves them that comes while the WAL is copied into the file.
        let torn = Set(pages).filter { $0 * PageScan.pageBytes <= original.count }
        #expect(!torn.isEmpty)
        let file = try again.temporary.directory.open(Catalog.fileName, .write)
        for page in torn {
            try Fixture.flip(file, bit: ((page - 1) * PageScan.pageBytes + 2000) * 8)
        }
        let findings = try await again.scrubNow().catalog
        #expect(findings.damagedPages.isEmpty && findings.isCompared && !findings.needsRebuild)
    }

    @Test func `makes a damaged projection anew, and then finds nothing`() async throws {
        let test = try Fixture()
        try await fill(test, 40)
        for change in [
            "UPDATE content SET size = size + 1 WHERE digest = (SELECT max(digest) FROM content)",
            "DELETE FROM links WHERE digest = (SELECT min(digest) FROM links)",
            "INSERT INTO namespaces (id, name, stamp) VALUES (x'00112233445566778899aabbccddeeff', 'x', "
                + "zeroblob(28))",
            "UPDATE marks SET epoch = epoch + 1",
        ] {
            try test.alter(change)
            let findings = try await test.scrubNow().catalog
            #expect(findings.differences.count == 1, "\(change): \(findings.differences)")
            #expect(findings.damagedEntries.isEmpty && findings.isCompared)
            guard case .rebuilt = await test.registry.mend(findings) else {
                Issue.record("it was not rebuilt after \(change)")
                continue
            }
            #expect(try await test.scrubNow().catalog.needsRebuild == false)
        }
        #expect(test.registry.registrar.refusal == nil)
    }

    @Test func `names damaged and missing entries, stops changes, and pulls go on`() async throws {
        let test = try Fixture()
        try await fill(test, 60)
        let sound = try await test.push([1, 2, 3])
        try test.alter("UPDATE entries SET bytes = zeroblob(40) WHERE scope = 1 AND position = 7")
        try test.alter("DELETE FROM entries WHERE scope = 1 AND position IN (50, 51)")
        let round = try await test.scrubNow()
        let places = [7, 50, 51].map {
            CatalogScrub.EntryPlace(scope: .region, position: UInt64($0))
        }
        // The one behind a gap cannot be tied to what was before it, and is not blamed for that.
        #expect(round.catalog.damagedEntries == places)
        #expect(!round.isSound && !round.catalog.isCompared)
        #expect(test.scrub.status.damagedEntries == places)
        guard case .stopped(let reason) = await test.registry.mend(round.catalog) else {
            Issue.record("changes go on")
            return
        }
        #expect(reason.contains("entry 7 of the region journal"))
        #expect(reason.contains("entry 51 of the region journal"))
        #expect(test.registry.registrar.refusal == reason)
        await #expect(throws: RegistryError.self) { try await test.push([9]) }
        #expect(try await test.serves(sound))
        // It is known after a restart, wherever the start looks.
        let text = try #require(
            try test.temporary.directory.contents(of: "scrub", limit: ScrubState.fileMax)
        )
        let state = ScrubState(text, store: test.blobs.id, incarnation: 1)
        #expect(state.damagedEntries == places)
    }

    @Test func `compares while changes are made, and blames none of them`() async throws {
        let test = try Fixture()
        try await fill(test, 520)
        defer { test.clocks.whileSleeping(nil) }
        test.clocks.whileSleeping { _ in
            let stamp = test.clocks.monotonic()
            _ = try? await test.push(Array("while it looks: \(stamp)".utf8))
        }
        let round = try await test.scrubNow()
        #expect(round.isSound && round.catalog.isCompared && round.catalog.entries > 522)
    }

    @Test func `comes to its end where entries come faster than they are followed`() async throws {
        let test = try Fixture()
        try await fill(test, 30)
        var scrub = CatalogScrub(test.catalog)
        scrub.followedMax = 300
        var steps = 0
        while try scrub.step() {
            steps += 1
            try #require(steps < 20)
            for _ in 0..<210 {
                let epoch = try test.registry.read { view throws(CatalogError) in try view.epoch() }
                try await test.registry.change(Fixture.name, .raiseEpoch(from: epoch))
            }
        }
        try scrub.finish()
        let findings = scrub.findings
        // Each chain was read to where it ended; of what came since, some.
        #expect(findings.entries > 31 + 300 && findings.damagedEntries.isEmpty)
        #expect(!findings.isCompared && !findings.needsRebuild)
        let names = try test.temporary.directory.names(after: "", limit: 100)
        #expect(!names.contains { $0.hasPrefix("catalog.compared") })
    }
}

extension Fixture {
    /// Changes the catalog behind its back, with pages that are whole.
    func alter(_ sql: String) throws {
        let connection = try Connection(
            path: "\(temporary.path)/\(Catalog.fileName)",
            mode: .readWrite,
            through: pages
        )
        try connection.execute(sql)
        try connection.close()
    }
}
