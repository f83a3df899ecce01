// SPDX-License-Identifier: Apache-2.0

import CSQLite

extension Connection {
    /// Whether a transaction is open.
    public var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// Opens a write transaction; it stays open until `commit` or `rollback`, also across an `await`.
    public func beginImmediate() throws(SQLiteError) {
        try executeOften("BEGIN IMMEDIATE")
    }

    /// Opens a read transaction, whose snapshot is taken by its first read.
    public func beginRead() throws(SQLiteError) {
        try executeOften("BEGIN DEFERRED")
    }

    /// Makes the open transaction durable as far as `synchronous` says.
    ///
    /// After an error a transaction may still be open (`isInTransaction`); roll it back.
    public func commit() throws(SQLiteError) {
        try executeOften("COMMIT")
    }

    /// Drops the open transaction; SQLite may have done so already after an error, which is fine.
    public func rollback() throws(SQLiteError) {
        guard isInTransaction else { return }
        try executeOften("ROLLBACK")
    }

    /// The first column of the pragma's first row, as text; empty when it gives none.
    @discardableResult
    public func pragma(_ text: String) throws(SQLiteError) -> String {
        try prepare("PRAGMA \(text)").first { $0.text(0) } ?? ""
    }

    /// The first column of the pragma's first row, as a number; nil when it gives none.
    public func pragmaInteger(_ text: String) throws(SQLiteError) -> Int64? {
        try prepare("PRAGMA \(text)").first { $0.integer(0) }
    }

    /// Switches to write-ahead logging, or says why not.
    public func useWriteAheadLog() throws(SQLiteError) {
        let mode = try pragma("journal_mode=WAL")
        guard mode == "wal" else {
            throw SQLiteError(code: .error, message: "\(path) stays in journal mode '\(mode)'")
        }
    }

    /// How much is synced, and when.
    public enum Synchronous: String, Sendable {
        /// The WAL at every commit: a commit that returned is durable.
        case full = "FULL"
        /// The WAL before a checkpoint only: a power loss may roll back, consistently.
        case normal = "NORMAL"
    }

    /// Says how much is synced, and when.
    public func setSynchronous(_ synchronous: Synchronous) throws(SQLiteError) {
        try execute("PRAGMA synchronous=\(synchronous.rawValue)")
    }

    /// Waits up to this long for another connection's lock; without it `isBusy` comes at once.
    public func setBusyTimeout(milliseconds: Int32) {
        unsafe sqlite3_busy_timeout(handle, milliseconds)
    }

    /// Checkpoints by itself after a commit that leaves at least so many frames in the WAL; 0 is never.
    public func setAutomaticCheckpoint(frames: Int32) {
        unsafe sqlite3_wal_autocheckpoint(handle, frames)
    }

    /// Whether the last connection that closes checkpoints and removes the WAL; SQLite's default is yes.
    public func setCheckpointOnClose(_ behaviour: CheckpointOnClose) {
        unsafe bw_sqlite3_db_config(
            handle,
            SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            behaviour == .leaveLog ? 1 : 0
        )
    }

    /// What closing the last connection does with the WAL.
    public enum CheckpointOnClose: Sendable {
        /// Copies it into the database file and removes it.
        case checkpoint
        /// Leaves it as it is.
        case leaveLog
    }
}

/// How far a checkpoint goes.
public enum CheckpointMode: Sendable {
    /// As far as possible without waiting for anybody.
    case passive
    /// All frames; waits (busy timeout) for writers.
    case full
    /// All frames, and the next writer begins at the start of the WAL.
    case restart
    /// All frames, and the WAL is cut to nothing.
    case truncate
}

/// What a checkpoint did.
public struct CheckpointResult: Hashable, Sendable {
    /// Frames in the WAL.
    public var frames: Int
    /// Frames of it that are in the database file now.
    public var checkpointed: Int
    /// Whether all are.
    public var isComplete: Bool { frames == checkpointed }

    /// Makes a result.
    public init(frames: Int, checkpointed: Int) {
        self.frames = frames
        self.checkpointed = checkpointed
    }
}

extension Connection {
    /// Copies frames of the WAL into the database file.
    ///
    /// Throws `isBusy` when `mode` asks for more than others allow now; a part may be done then.
    @discardableResult
    public func checkpoint(_ mode: CheckpointMode) throws(SQLiteError) -> CheckpointResult {
        let number =
            switch mode {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .full: SQLITE_CHECKPOINT_FULL
            case .restart: SQLITE_CHECKPOINT_RESTART
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        return try exclusively { () throws(SQLiteError) in
            var frames: Int32 = 0
            var done: Int32 = 0
            let code = unsafe sqlite3_wal_checkpoint_v2(handle, "main", number, &frames, &done)
            guard code == SQLITE_OK else { throw error(code, "checkpoint") }
            return CheckpointResult(frames: Int(max(0, frames)), checkpointed: Int(max(0, done)))
        }
    }
}
