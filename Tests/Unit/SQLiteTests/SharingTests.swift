// SPDX-License-Identifier: Apache-2.0

import Platform
import Synchronization
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
    @Test func `read whole snapshots while one writes`() async throws {
        for (checks, path, keep) in try bases() {
            let writer = try Example.open(checks, at: path)
            try Example.makeTables(writer)
            writer.setAutomaticCheckpoint(frames: 50)
            // A reader that met a header half written holds the writer's lock for a moment.
            writer.setBusyTimeout(milliseconds: 300_000)
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
                        // Also when the writer has failed, which is what the test then says.
                        while seen < 450, !Task.isCancelled {
                            let rows = try Example.rowsOfOneSnapshot(reader)
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

    /// As when the writer's thread is not running while it changes the WAL's index (I2).
    @Test func `wait for one that has stopped halfway, if waiting lets it go on`() throws {
        for repairs in [true, false] {
            let disk = Disk()
            let waits = Mutex(0)
            let halfway = HalfWrittenIndex()
            let base = DirectoryVFS(
                disk.directory,
                clocks: LinuxClocks(),
                random: LinuxRandom()
            ) { _ in
                let count = waits.withLock { count in
                    count += 1
                    return count
                }
                if repairs, count == 5 { halfway.end() }
            }
            let checks = PageCheckVFS(over: .directory(base)) { _ in }
            let writer = try Example.open(checks)
            try Example.makeTables(writer)
            try Example.add(1...3, step: 1, writer)
            let reader = try Connection(path: Example.name, mode: .readOnly, through: checks)
            try writer.beginImmediate()
            try #require(halfway.begin(base.shared(Example.name)))
            if repairs {
                #expect(try Example.rowsOfOneSnapshot(reader) == [1, 2, 3])
                #expect(waits.withLock { $0 } == 5)
            } else {
                try reader.beginRead()
                let refused = #expect(throws: SQLiteError.self) { try Example.rows(reader) }
                #expect(refused?.code == .noPlace)
                halfway.end()
            }
            try writer.rollback()
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

/// The WAL's index as it is between the writing of its header's two copies.
private final class HalfWrittenIndex: Sendable {
    private let database = Mutex<SharedDatabase?>(nil)

    /// False when there is no index.
    func begin(_ database: SharedDatabase) -> Bool {
        self.database.withLock { $0 = database }
        return flip()
    }

    func end() {
        _ = flip()
    }

    /// Turns over a bit of the first copy's counter of changes.
    private func flip() -> Bool {
        let user = ObjectIdentifier(self)
        let database = database.withLock { $0 }
        defer { database?.leaveMemory(user) }
        guard
            let memory = unsafe database?.memory(user, region: 0, bytes: 32_768, extend: false)
        else { return false }
        let byte = unsafe memory.load(fromByteOffset: 8, as: UInt8.self)
        unsafe memory.storeBytes(of: byte ^ 1, toByteOffset: 8, as: UInt8.self)
        return true
    }
}

extension Example {
    /// Adds a row in the open transaction.
    static func insert(_ id: Int64, _ connection: Connection) throws {
        try connection.prepare("INSERT INTO row VALUES (?1, 1, ?2)")
            .bind(.integer(id), .text(text(id))).run()
    }

    /// All rows of one read transaction.
    static func rowsOfOneSnapshot(_ connection: Connection) throws -> [Int64] {
        try connection.beginRead()
        let rows = try rows(connection)
        try connection.rollback()
        return rows
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
