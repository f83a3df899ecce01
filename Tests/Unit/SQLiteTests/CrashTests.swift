// SPDX-License-Identifier: Apache-2.0

import Platform
import Synchronization
import Testing

@testable import SQLite

/// What was told to the owner of a database, in a run that ends with a fault.
private struct Run {
    /// The last step whose commit returned.
    var acknowledged: Int64 = 0
    /// The last step that was begun.
    var begun: Int64 = 0
    var syncFailures: [SyncFailure] = []
    var error: SQLiteError?
}

/// 15 transactions with checkpoints between, on a directory with a fault.
private func run(_ directory: any Directory, synchronous: String = "FULL") -> Run {
    var run = Run()
    let failures = Mutex<[SyncFailure]>([])
    do throws(SQLiteError) {
        let base = DirectoryVFS(directory, clocks: LinuxClocks(), random: LinuxRandom())
        let checks = PageCheckVFS(over: .directory(base)) { failure in
            failures.withLock { $0.append(failure) }
        }
        let connection = try Connection(
            path: Example.name,
            mode: .createIfMissing,
            through: checks
        )
        try connection.useWriteAheadLog()
        try connection.execute("PRAGMA synchronous=\(synchronous)")
        connection.setAutomaticCheckpoint(frames: 12)
        try connection.execute(
            "CREATE TABLE row (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, text TEXT) STRICT"
        )
        let insert = try connection.prepare("INSERT INTO row VALUES (NULL, ?1, ?2)")
        for step in Int64(1)...15 {
            run.begun = step
            try connection.beginImmediate()
            for _ in 0...step % 4 {
                try insert.bind(.integer(step), .text(String(repeating: "x", count: 700))).run()
            }
            try connection.commit()
            run.acknowledged = step
        }
        try connection.close()
    } catch {
        run.error = error
    }
    run.syncFailures = failures.withLock { $0 }
    return run
}

@Suite struct `A database after a power cut` {
    /// What is there after a cut: the last step, when everything up to it is there and whole.
    private func lastStep(_ disk: Disk) throws -> Int64? {
        let checks = disk.checks()
        do throws(WALScanError) {
            try checks.scanLog(of: Example.name)
        } catch {
            return nil
        }
        let connection = try Example.open(checks)
        let hasTable = "SELECT count(*) FROM sqlite_schema WHERE name = 'row'"
        guard try connection.prepare(hasTable).first({ $0.integer(0) }) == 1 else { return 0 }
        let count = try connection.prepare("SELECT step, count(*) FROM row GROUP BY step")
        let steps = try count.all { (step: $0.integer(0), rows: $0.integer(1)) }
        let isWhole =
            steps.map(\.step) == Array(1..<Int64(steps.count) + 1)
            && steps.allSatisfy { $0.rows == $0.step % 4 + 1 }
        guard isWhole, try connection.pragma("integrity_check") == "ok",
            checks.counts.failures == 0
        else { return nil }
        return Int64(steps.count)
    }

    /// Every 201 before the cut is there, and nothing is half (I1, I3).
    @Test(arguments: 0..<4)
    func `has every acknowledged transaction, whole`(part: Int) throws {
        let whole = ForgetfulDirectory(.cut(at: .max))
        #expect(run(whole).acknowledged == 15)
        for at in stride(from: part, to: whole.operations, by: 4) {
            let directory = ForgetfulDirectory(.cut(at: at))
            let told = run(directory)
            for image in UInt64(0)..<2 {
                var random = SeededGenerator(seed: UInt64(at) << 8 + image)
                let last = try lastStep(Disk(directory.image(&random)))
                let allowed = told.acknowledged...told.begun
                #expect(last.map(allowed.contains) == true, "cut at \(at), image \(image)")
            }
        }
    }

    /// The test above can fail: without syncs the same cuts lose what was acknowledged.
    @Test func `has not, when nothing is synced`() throws {
        var lost = 0
        for at in stride(from: 60, to: 120, by: 3) {
            let directory = ForgetfulDirectory(.cut(at: at))
            let told = run(directory, synchronous: "OFF")
            var random = SeededGenerator(seed: UInt64(at))
            let last = try? lastStep(Disk(directory.image(&random)))
            if last ?? -1 < told.acknowledged { lost += 1 }
        }
        #expect(lost > 5)
    }

    /// What the kernel kept after a failed fsync is unknown: the owner must hear of each (I1).
    @Test func `is not asked whether a sync that failed happened`() throws {
        let whole = ForgetfulDirectory(.cut(at: .max))
        _ = run(whole)
        var failed = 0
        for at in 0..<whole.operations {
            let told = run(ForgetfulDirectory(.sync(at: at)))
            #expect(told.syncFailures.count <= 1)
            if told.error?.isSyncFailure == true { #expect(!told.syncFailures.isEmpty) }
            failed += told.syncFailures.count
        }
        // Each transaction has at least one, the files and the checkpoints have more.
        #expect(failed > 20)
    }
}

@Suite struct `A disk that can only be read` {
    private struct Locked {
        let scratch: Scratch
        let before: [[UInt8]]
    }

    /// A directory as a process leaves it that is killed: most rows are in the WAL.
    private func killed() throws -> Locked {
        let disk = Disk()
        let connection = try Example.open(disk.checks())
        try Example.makeTables(connection)
        try Example.add(1...200, step: 1, connection)
        try connection.checkpoint(.truncate)
        for step in Int64(2)...9 {
            try Example.add(step * 100 + 1...step * 100 + 10, step: step, connection)
        }
        let scratch = try Scratch()
        for name in [Example.name, Example.log] { try scratch.write(disk.bytes(name), to: name) }
        return Locked(
            scratch: scratch,
            before: try [scratch.bytes(Example.name), scratch.bytes(Example.log)]
        )
    }

    private func memory(over directory: any Directory, bytesMax: Int = 1 << 24) -> PageCheckVFS {
        let base = DirectoryVFS.inMemory(
            over: directory,
            clocks: LinuxClocks(),
            random: LinuxRandom(),
            bytesMax: bytesMax
        )
        return PageCheckVFS(over: .directory(base)) { _ in }
    }

    @Test func `serves everything, the log too, and stays as it is`() throws {
        let locked = try killed()
        let checks = memory(over: locked.scratch.directory)
        #expect(try checks.scanLog(of: Example.name)?.transactions == 8)
        let connection = try Example.open(checks, mode: .readWrite)
        #expect(try Example.rows(connection).count == 280)
        // Even a write goes into memory, as recovery's and a checkpoint's do.
        try Example.add(5001...5010, step: 10, connection)
        try connection.checkpoint(.truncate)
        #expect(try Example.rows(Example.open(checks)).count == 290)
        try connection.close()
        let scratch = locked.scratch
        #expect(try [scratch.bytes(Example.name), scratch.bytes(Example.log)] == locked.before)
        #expect(try scratch.directory.names(after: "", limit: 9).count == 2)
    }

    @Test func `is read with every check`() throws {
        let locked = try killed()
        var bytes = locked.before[0]
        bytes[2 * 4096 + 99] ^= 1
        try locked.scratch.write(bytes, to: Example.name)
        let error = #expect(throws: SQLiteError.self) {
            try Example.rows(Example.open(memory(over: locked.scratch.directory)))
        }
        #expect(error?.isPageCheckFailure == true)
    }

    @Test func `is full when the memory for it is`() throws {
        let locked = try killed()
        let checks = memory(over: locked.scratch.directory, bytesMax: 1 << 17)
        let connection = try Example.open(checks)
        let error = #expect(throws: SQLiteError.self) {
            try Example.add(10_000...20_000, step: 1, connection)
        }
        #expect(error?.isFull == true)
        try connection.rollback()
        #expect(try Example.rows(connection).count == 280)
    }
}
