// SPDX-License-Identifier: Apache-2.0

import Platform
import SQLite
import Testing

@Suite struct `A connection` {
    let scratch: Scratch
    let connection: Connection

    init() throws {
        scratch = try Scratch()
        connection = try Connection(path: scratch.file("a.sqlite"), mode: .createIfMissing)
        try connection.useWriteAheadLog()
        try connection.setSynchronous(.full)
        try connection.execute(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, bytes BLOB) STRICT"
        )
    }

    @Test func `gives back every kind of value as it was bound`() throws {
        let insert = try connection.prepare("INSERT INTO t VALUES (?1, ?2, ?3)")
        try insert.bind(.integer(.min), .text("é\u{0}x"), .blob([0, 255, 1])).run()
        try insert.bind(.integer(.max), .text(""), .blob([])).run()
        try insert.bind(.integer(0), .null, .null).run()
        let select = try connection.prepare("SELECT id, name, bytes FROM t ORDER BY id")
        let rows = try select.all {
            [
                "\($0.integer(0))", "\($0.isNull(1)) \($0.text(1))",
                "\($0.isNull(2)) \($0.blob(2)) \($0.withBlob(2) { $0.count })",
            ]
        }
        #expect(
            rows == [
                ["\(Int64.min)", "false é\u{0}x", "false [0, 255, 1] 3"],
                ["0", "true ", "true [] 0"],
                ["\(Int64.max)", "false ", "false [] 0"],
            ]
        )
    }

    @Test func `says what is wrong with a statement, and names it`() throws {
        let wrong = #expect(throws: SQLiteError.self) { try connection.prepare("SELEC 1") }
        #expect(wrong?.code == .error)
        #expect(wrong?.statement == "SELEC 1")
        let insert = try connection.prepare("INSERT INTO t (id) VALUES (?1)")
        try insert.bind(.integer(1)).run()
        let twice = #expect(throws: SQLiteError.self) { try insert.run() }
        #expect(twice?.code.primary == .constraint)
        #expect(twice?.code != .constraint)
        let range = #expect(throws: SQLiteError.self) { try insert.bind(2, 7) }
        #expect(range?.code == .range)
        #expect(throws: SQLiteError.self) { try connection.prepare("  ") }
    }

    @Test func `takes a double-quoted word for a name and never for text`() {
        #expect(throws: SQLiteError.self) { try connection.prepare("SELECT \"nothing\"") }
    }

    @Test func `shows a transaction to others only after commit`() throws {
        let other = try Connection(path: connection.path, mode: .readOnly)
        let count = try other.prepare("SELECT count(*) FROM t")
        try connection.beginImmediate()
        #expect(connection.isInTransaction)
        try connection.execute("INSERT INTO t (id) VALUES (1), (2)")
        #expect(connection.changes == 2)
        #expect(try count.first { $0.integer(0) } == 0)
        try connection.commit()
        #expect(try count.first { $0.integer(0) } == 2)
        try connection.beginImmediate()
        try connection.execute("DELETE FROM t")
        try connection.rollback()
        #expect(try count.first { $0.integer(0) } == 2)
        #expect(!connection.isInTransaction)
        let refused = #expect(throws: SQLiteError.self) { try other.execute("DELETE FROM t") }
        #expect(refused?.isReadOnly == true)
    }

    @Test func `refuses a second writer at once`() throws {
        let other = try Connection(path: connection.path, mode: .readWrite)
        try connection.beginImmediate()
        let busy = #expect(throws: SQLiteError.self) { try other.beginImmediate() }
        #expect(busy?.isBusy == true)
        try connection.rollback()
        try other.beginImmediate()
        try other.rollback()
    }

    @Test func `checkpoints the log, and removes it when it closes`() throws {
        connection.setAutomaticCheckpoint(frames: 0)
        for id in 1...20 { try connection.execute("INSERT INTO t (id) VALUES (\(id))") }
        let passive = try connection.checkpoint(.passive)
        #expect(passive.isComplete)
        #expect(passive.frames >= 20)
        #expect(
            try connection.checkpoint(.truncate) == CheckpointResult(frames: 0, checkpointed: 0)
        )
        #expect(try scratch.bytes("a.sqlite-wal").isEmpty)
        try connection.close()
        #expect(!connection.isOpen)
        #expect(try scratch.directory.names(after: "", limit: 10) == ["a.sqlite"])
        let again = try Connection(path: connection.path, mode: .readWrite)
        #expect(try again.prepare("SELECT max(id) FROM t").first { $0.integer(0) } == 20)
    }

    @Test func `leaves the log when it is told to`() throws {
        connection.setCheckpointOnClose(.leaveLog)
        try connection.execute("INSERT INTO t (id) VALUES (1)")
        try connection.close()
        #expect(try !scratch.bytes("a.sqlite-wal").isEmpty)
    }

    @Test func `does not make what only may be read or written`() {
        for mode in [Connection.Mode.readOnly, .readWrite] {
            let missing = #expect(throws: SQLiteError.self) {
                try Connection(path: scratch.file("none.sqlite"), mode: mode)
            }
            #expect(missing?.code.primary == .cannotOpen)
        }
    }

    @Test func `ends the process when two threads are inside at once`() async {
        await #expect(processExitsWith: .failure) {
            let connection = try Connection(path: ":memory:", mode: .createIfMissing)
            let pool = BlockingPool(threadsMax: 2)
            let sql = """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                SELECT max(i) FROM n LIMIT 1
                """
            await withTaskGroup(of: Void.self) { group in
                for _ in 1...2 {
                    group.addTask(executorPreference: pool) {
                        _ = try? connection.prepare(sql).first { $0.integer(0) }
                    }
                }
            }
        }
    }
}
