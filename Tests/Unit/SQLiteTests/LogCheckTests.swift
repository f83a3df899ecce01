// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import SQLite

/// Pages that lie in the WAL and not yet in the database file.
@Suite struct `A page in the log` {
    private static let frameBytes = 4096 + 24

    /// A database of 40 transactions in the WAL.
    private func database(_ disk: Disk, _ checks: PageCheckVFS) throws -> Connection {
        let connection = try Example.open(checks)
        try Example.makeTables(connection)
        for step in Int64(1)...40 {
            try Example.add(step * 10 - 9...step * 10, step: step, connection)
        }
        return connection
    }

    /// SQLite reads a frame without looking at its checksum (I2).
    @Test func `is checked while the database is open`() throws {
        let disk = Disk()
        let checks = disk.checks()
        let writer = try database(disk, checks)
        let frames = (try disk.bytes(Example.log).count - 32) / Self.frameBytes
        #expect(frames > 80)
        for frame in 0..<frames {
            try disk.flip(
                Example.log,
                byte: 32 + frame * Self.frameBytes + 24 + 700,
                bit: frame % 8
            )
        }
        let error = #expect(throws: SQLiteError.self) { try Example.rows(Example.open(checks)) }
        #expect(error?.isPageCheckFailure == true)
        guard case .log(_, let page)? = checks.failures.first?.place else {
            Issue.record("\(checks.failures)")
            return
        }
        #expect(page > 0)
        // The writer's pages are in its memory; what is rotten must not reach the database file.
        let before = try disk.bytes(Example.name)
        let refused = #expect(throws: SQLiteError.self) { try writer.checkpoint(.full) }
        #expect(refused?.isPageCheckFailure == true)
        #expect(try disk.bytes(Example.name) == before)
    }

    @Test func `is checked after a restart too`() throws {
        let disk = Disk()
        let writer = try database(disk, disk.checks())
        let copy = try Disk([
            (Example.name, disk.bytes(Example.name)), (Example.log, disk.bytes(Example.log)),
        ])
        try writer.close()
        let checks = copy.checks()
        let first = try Example.open(checks)
        #expect(try Example.rows(first).count == 400)
        #expect(checks.counts.failures == 0)
        let frames = (try copy.bytes(Example.log).count - 32) / Self.frameBytes
        for frame in 0..<frames {
            try copy.flip(Example.log, byte: 32 + frame * Self.frameBytes + 24 + 4090, bit: 2)
        }
        let error = #expect(throws: SQLiteError.self) { try Example.rows(Example.open(checks)) }
        #expect(error?.isPageCheckFailure == true)
    }

    @Test func `is missed when the log is cut`() throws {
        let disk = Disk()
        let checks = disk.checks()
        let writer = try database(disk, checks)
        try disk.directory.open(Example.log, .write).truncate(to: 32 + 3 * 4120)
        #expect(throws: SQLiteError.self) { try Example.rows(Example.open(checks)) }
        #expect(checks.failures.first?.reason == .missing)
        #expect(writer.isOpen)
    }

    @Test func `is the newest one however often the log begins anew`() throws {
        let disk = Disk()
        let checks = disk.checks()
        let connection = try database(disk, checks)
        for round in Int64(0)..<5 {
            #expect(try connection.checkpoint(round % 2 == 0 ? .restart : .truncate).isComplete)
            for step in Int64(1)...3 + round {
                let first = 1000 + round * 1000 + step * 10
                try Example.add(first...first + 9, step: step, connection)
            }
            let other = try Example.open(checks)
            #expect(try Example.rows(other) == Example.rows(connection))
        }
        // A transaction that spills, is undone, and is followed by a smaller one.
        try connection.execute("PRAGMA cache_size=5")
        try connection.beginImmediate()
        try connection.execute(
            "UPDATE row SET text = text || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
        )
        try connection.rollback()
        try Example.add(9001...9003, step: 9, connection)
        #expect(try Example.rows(Example.open(checks)).suffix(3) == [9001, 9002, 9003])
        // And one that spills and reads its own pages back before it commits.
        try connection.beginImmediate()
        try connection.execute("UPDATE row SET step = step + 1")
        try connection.execute("UPDATE row SET step = step + 1")
        try connection.commit()
        #expect(checks.counts.failures == 0)
        #expect(try connection.pragma("integrity_check") == "ok")
        #expect(try WALScan.scan(file: disk.directory.open(Example.log, .read)).end == .commit)
    }

    @Test func `has no place in a log that is full`() throws {
        let disk = Disk()
        var options = PageCheckVFS.Options()
        options.logBytesMax = 50 * 4120
        let connection = try Example.open(disk.checks(options))
        try Example.makeTables(connection)
        try Example.add(1...100, step: 1, connection)
        let full = #expect(throws: SQLiteError.self) {
            try Example.add(1001...9000, step: 2, connection)
        }
        #expect(full?.isLogFull == true)
        // The disk has room: nobody must look there.
        #expect(full?.isFull == false)
        #expect(full?.message.contains("bound of \(50 * 4120) bytes") == true)
        try connection.rollback()
        #expect(try Example.rows(connection).count == 100)
        #expect(try disk.bytes(Example.log).count <= 50 * 4120)
        try connection.checkpoint(.truncate)
        try Example.add(1001...1100, step: 3, connection)
        #expect(try Example.rows(connection).count == 200)
    }
}
