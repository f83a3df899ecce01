// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import SQLite

@Suite struct `A page check` {
    /// A database of many pages that was closed, without a WAL.
    private func closedDatabase(rows: Int64 = 600) throws -> [UInt8] {
        let disk = Disk()
        let connection = try Example.open(disk.checks())
        try Example.makeTables(connection)
        try Example.add(1...rows, step: 1, connection)
        try connection.close()
        return try disk.bytes(Example.name)
    }

    private func pages(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: 4096).map { Array(bytes[$0..<$0 + 4096]) }
    }

    @Test func `is XXH64`() {
        #expect(PageCheck.hash([], seed: 0) == 0xEF46_DB37_51D8_E999)
        #expect(PageCheck.hash(Array("a".utf8), seed: 0) == 0xD24E_C4F1_A98C_6E5B)
        #expect(PageCheck.hash(Array("abc".utf8), seed: 0) == 0x44BC_2CF5_AD77_0999)
        let long = Array("Nobody inspects the spammish repetition".utf8)
        #expect(PageCheck.hash(long, seed: 0) == 0xFBCE_A83C_8A37_8BF1)
    }

    @Test func `stands in the last eight bytes of every page, under the page's number`() throws {
        let pages = try pages(closedDatabase())
        #expect(pages.count > 10)
        for (index, page) in pages.enumerated() {
            let expected = PageCheck.hash(Array(page[..<4088]), seed: UInt64(index + 1))
            let stored = page[4088...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            #expect(stored == expected, "page \(index + 1)")
        }
    }

    /// S2 of the histories: 347 of 361 such flips gave wrong rows silently.
    ///
    /// Nothing is decided on a page that fails (I2).
    @Test func `finds every flipped bit of every page`() throws {
        let bytes = try closedDatabase(rows: 700)
        let rows = Array(Int64(1)...700)
        var found = 0
        for page in 0..<bytes.count / 4096 {
            for at in [0, 1, 3, 5, 8, 16, 20, 28, 101, 1500, 3000, 4000, 4087, 4088, 4095] {
                let disk = try Disk([(Example.name, bytes)])
                try disk.flip(Example.name, byte: page * 4096 + at, bit: (page + at) % 8)
                let checks = disk.checks()
                let error = #expect(throws: SQLiteError.self) {
                    let connection = try Example.open(checks)
                    let read = try Example.rows(connection)
                    Issue.record(
                        "page \(page + 1) byte \(at): read \(read == rows ? "" : "wrong") rows"
                    )
                }
                let isRefused = error?.isPageCheckFailure == true || error?.isCorrupt == true
                #expect(isRefused, "page \(page + 1) byte \(at): \(String(describing: error))")
                let place = PageFailure.Place.database(page: UInt32(page + 1))
                #expect(checks.failures.map(\.place) == [place])
                #expect(checks.counts.failures > 0)
                found += 1
            }
        }
        #expect(found > 200)
    }

    @Test func `names the page in the error`() throws {
        let disk = try Disk([(Example.name, closedDatabase())])
        try disk.flip(Example.name, byte: 4 * 4096 + 2000, bit: 3)
        let connection = try Example.open(disk.checks())
        let error = #expect(throws: SQLiteError.self) { try Example.rows(connection) }
        #expect(error?.message == "page 5 of catalog.sqlite fails its check")
        #expect(error?.code == .pageCheck)
    }

    /// A row whose key was hit is simply not found; no check inside a row can tell (I2).
    @Test func `notices that a row vanished`() throws {
        let bytes = try closedDatabase(rows: 20)
        let text = Array(Example.text(7).utf8)
        let at = try #require(
            bytes.indices.last { bytes[$0...].starts(with: text) && $0 > 2 * 4096 }
        )
        let disk = try Disk([(Example.name, bytes)])
        // The index entry's text, so that a look-up by the old text would find nothing.
        try disk.flip(Example.name, byte: at, bit: 0)
        let connection = try Example.open(disk.checks())
        let find = try connection.prepare("SELECT id FROM row WHERE text = ?1")
        try find.bind(.text(Example.text(7)))
        let error = #expect(throws: SQLiteError.self) { try find.first { $0.integer(0) } }
        #expect(error?.isPageCheckFailure == true)
    }

    @Test func `notices pages that lie where others belong`() throws {
        var bytes = try closedDatabase()
        let (first, second) = (3 * 4096..<4 * 4096, 7 * 4096..<8 * 4096)
        let (left, right) = (Array(bytes[first]), Array(bytes[second]))
        bytes.replaceSubrange(first, with: right)
        bytes.replaceSubrange(second, with: left)
        let disk = try Disk([(Example.name, bytes)])
        let checks = disk.checks()
        let connection = try Example.open(checks)
        #expect(throws: SQLiteError.self) { try Example.rows(connection) }
        #expect(checks.failures.first?.reason == .changed)
    }

    @Test func `notices a page that became zeros, and a file that was cut`() throws {
        let bytes = try closedDatabase()
        let zeroed = try Disk([(Example.name, bytes)])
        try zeroed.write([UInt8](repeating: 0, count: 4096), to: Example.name, at: 5 * 4096)
        let first = try Example.open(zeroed.checks())
        #expect(throws: SQLiteError.self) { try Example.rows(first) }
        let cut = try Disk([(Example.name, Array(bytes[..<(bytes.count - 4096)]))])
        #expect(throws: SQLiteError.self) { try Example.rows(Example.open(cut.checks())) }
    }

    @Test func `lets go on what does not need the page`() throws {
        let disk = try Disk([(Example.name, closedDatabase())])
        let whole = try Example.open(disk.checks())
        let leaf = try whole.prepare(
            "SELECT pageno FROM dbstat WHERE name = 'row' AND path = '/000/'"
        )
        let page = try #require(try leaf.first { Int($0.integer(0)) })
        try whole.close()
        try disk.flip(Example.name, byte: (page - 1) * 4096 + 2000, bit: 1)
        let connection = try Example.open(disk.checks())
        let find = try connection.prepare("SELECT step FROM row WHERE id = ?1")
        var failed = 0
        for id in Int64(1)...600 {
            try find.bind(.integer(id))
            do {
                #expect(try find.first { $0.integer(0) } == 1)
            } catch {
                #expect(error.isPageCheckFailure)
                failed += 1
            }
        }
        #expect((1...200).contains(failed))
        try connection.execute("INSERT INTO row VALUES (9999, 2, '\(Example.text(9999))')")
        #expect(try find.bind(.integer(9999)).first { $0.integer(0) } == 2)
    }

    @Test func `is not optional: a database without it is refused`() throws {
        let scratch = try Scratch()
        let plain = try Connection(path: scratch.file("plain.sqlite"), mode: .createIfMissing)
        try plain.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        try plain.close()
        let checks = PageCheckVFS(over: .system) { _ in }
        let error = #expect(throws: SQLiteError.self) {
            try Connection(path: scratch.file("plain.sqlite"), mode: .readWrite, through: checks)
        }
        #expect(error?.code == .notADatabase)
        #expect(checks.failures.map(\.reason) == [.withoutChecks])
    }

    @Test func `stands on pages that SQLite never wrote`() throws {
        let disk = Disk()
        let connection = try Example.open(disk.checks())
        try connection.execute("CREATE TABLE big (id INTEGER PRIMARY KEY, bytes BLOB) STRICT")
        // Pages that are made and freed in one transaction are never written, but are counted.
        try connection.beginImmediate()
        try connection.execute(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
            INSERT INTO big SELECT i, zeroblob(20000) FROM n;
            DELETE FROM big WHERE id > 1;
            """
        )
        try connection.commit()
        try connection.checkpoint(.truncate)
        for (index, page) in try pages(disk.bytes(Example.name)).enumerated() {
            let holds = page.withUnsafeBytes {
                PageCheck.holds($0.baseAddress!, number: UInt32(index + 1))
            }
            #expect(holds, "page \(index + 1)")
        }
        #expect(try connection.pragma("integrity_check") == "ok")
        try connection.execute("VACUUM")
        #expect(try connection.pragma("integrity_check") == "ok")
    }

    @Test func `works over the kernel's files as over ours`() throws {
        let scratch = try Scratch()
        let checks = PageCheckVFS(over: .system) { _ in }
        let connection = try Example.open(checks, at: scratch.file(Example.name))
        try Example.makeTables(connection)
        try Example.add(1...300, step: 1, connection)
        try connection.close()
        var bytes = try scratch.bytes(Example.name)
        #expect(try scratch.directory.names(after: "", limit: 9) == [Example.name])
        #expect(checks.counts.fileSyncs > 0)
        #expect(checks.counts.directorySyncs > 0)
        let again = try Example.open(checks, at: scratch.file(Example.name))
        #expect(try Example.rows(again).count == 300)
        try again.close()
        bytes[3 * 4096 + 100] ^= 4
        try scratch.write(bytes, to: Example.name)
        let damaged = try Example.open(checks, at: scratch.file(Example.name))
        let error = #expect(throws: SQLiteError.self) { try Example.rows(damaged) }
        #expect(error?.isPageCheckFailure == true)
    }
}
