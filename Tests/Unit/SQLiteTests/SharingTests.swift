// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import SQLite

@Suite struct `Connections that share a database` {
    private func bases() throws -> [(checks: PageCheckVFS, path: String, keep: Scratch?)] {
        let scratch = try Scratch()
        let system = PageCheckVFS(over: .system) { _ in }
        return [
            (Disk().checks(), "./" + Example.name, nil),
            (system, scratch.file(Example.name), scratch),
        ]
    }

    @Test func `see each other's locks, over ours as over the kernel's files`() throws {
        for (checks, path, keep) in try bases() {
            let first = try Example.open(checks, at: path)
            let second = try Example.open(checks, at: path)
            try Example.makeTables(first)
            try first.beginImmediate()
            #expect(throws: SQLiteError.self) { try second.beginImmediate() }
            try Example.insert(1, first)
            #expect(try Example.rows(second).isEmpty)
            try first.commit()
            #expect(try Example.rows(second) == [1])
            // A reader's snapshot stays, and keeps the log from being cut.
            try second.beginRead()
            #expect(try Example.rows(second) == [1])
            try Example.add(2...3, step: 1, first)
            #expect(try Example.rows(second) == [1])
            #expect(try first.checkpoint(.passive).isComplete == false)
            let busy = #expect(throws: SQLiteError.self) { try first.checkpoint(.truncate) }
            #expect(busy?.isBusy == true)
            try second.rollback()
            #expect(try first.checkpoint(.truncate).isComplete)
            #expect(try Example.rows(second) == [1, 2, 3])
            try first.close()
            try second.close()
            _ = keep
        }
    }

    /// One writer and three readers on threads of their own; every snapshot is whole (I2).
    @Test(.timeLimit(.minutes(2))) func `read whole snapshots while one writes`() async throws {
        for (checks, path, keep) in try bases() {
            let writer = try Example.open(checks, at: path)
            try Example.makeTables(writer)
            writer.setAutomaticCheckpoint(frames: 50)
            let pool = BlockingPool(threadsMax: 4)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: pool) {
                    for step in Int64(1)...150 {
                        try Example.add(step * 3 - 2...step * 3, step: step, writer)
                    }
                }
                for _ in 0..<3 {
                    group.addTask(executorPreference: pool) {
                        let reader = try Connection(path: path, mode: .readOnly, through: checks)
                        var seen = 0
                        while seen < 450 {
                            // Seen once, its cause not found: a reader had no place for ten seconds.
                            guard let rows = try Example.rowsOfOneSnapshot(reader) else { continue }
                            #expect(rows.count % 3 == 0 && rows.count >= seen)
                            seen = rows.count
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(checks.counts.failures == 0)
            try writer.close()
            _ = keep
        }
    }

    @Test func `have a VFS of their own each, gone when the last is dropped`() throws {
        var names: Set<String> = []
        for _ in 0..<3 {
            let disk = Disk()
            let checks = disk.checks()
            names.insert(checks.name)
            let connection = try Example.open(checks)
            try Example.makeTables(connection)
        }
        #expect(names.count == 3)
    }
}

extension Example {
    /// Adds a row in the open transaction.
    static func insert(_ id: Int64, _ connection: Connection) throws {
        try connection.prepare("INSERT INTO row VALUES (?1, 1, ?2)")
            .bind(.integer(id), .text(text(id))).run()
    }

    /// The rows as they were at one moment; nil when the reader has to come again.
    static func rowsOfOneSnapshot(_ connection: Connection) throws -> [Int64]? {
        try connection.beginRead()
        let found: [Int64]?
        do { found = try rows(connection) } catch let error as SQLiteError where error.isBusy {
            found = nil
        }
        try connection.rollback()
        return found
    }
}

@Suite struct `SQLite's own generator` {
    /// In a process of its own: it is one for the process, and other tests draw from it.
    @Test func `follows from a seed`() async {
        await #expect(processExitsWith: .success) {
            var salts: [[UInt8]] = []
            for seed in [Int32(7), 7, 8] {
                SQLiteLibrary.seed(seed)
                let disk = Disk()
                let connection = try Example.open(disk.checks())
                try Example.makeTables(connection)
                salts.append(Array(try disk.bytes(Example.log)[16..<24]))
            }
            precondition(salts[0] == salts[1] && salts[1] != salts[2])
        }
    }
}
