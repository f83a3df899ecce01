// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// A result code of SQLite, extended where SQLite gives one.
public struct ResultCode: RawRepresentable, Hashable, Sendable {
    /// SQLite's number.
    public var rawValue: Int32

    /// Makes a code of SQLite's number.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    init(_ rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The code without its extension.
    public var primary: ResultCode { ResultCode(rawValue & 0xff) }

    /// SQLITE_OK.
    public static let ok = ResultCode(SQLITE_OK)
    /// SQLITE_ERROR: the statement is wrong.
    public static let error = ResultCode(SQLITE_ERROR)
    /// SQLITE_PERM.
    public static let permission = ResultCode(SQLITE_PERM)
    /// SQLITE_BUSY: another connection holds the lock.
    public static let busy = ResultCode(SQLITE_BUSY)
    /// SQLITE_BUSY_SNAPSHOT: a read transaction that would have to write is no longer the newest.
    public static let busySnapshot = ResultCode(SQLITE_BUSY | 2 << 8)
    /// SQLITE_LOCKED: the same connection still reads what is to be changed.
    public static let locked = ResultCode(SQLITE_LOCKED)
    /// SQLITE_PROTOCOL: a hundred tries to find a place among the readers of a WAL failed, which take ten
    /// seconds if the VFS waits between them: somebody holds a lock and does not go on.
    public static let noPlace = ResultCode(SQLITE_PROTOCOL)
    /// SQLITE_NOMEM.
    public static let noMemory = ResultCode(SQLITE_NOMEM)
    /// SQLITE_READONLY.
    public static let readOnly = ResultCode(SQLITE_READONLY)
    /// SQLITE_INTERRUPT.
    public static let interrupted = ResultCode(SQLITE_INTERRUPT)
    /// SQLITE_IOERR.
    public static let io = ResultCode(SQLITE_IOERR)
    /// SQLITE_IOERR_READ.
    public static let ioRead = ResultCode(SQLITE_IOERR | 1 << 8)
    /// SQLITE_IOERR_SHORT_READ, which never leaves this module.
    static let shortRead = ResultCode(SQLITE_IOERR | 2 << 8)
    /// SQLITE_IOERR_WRITE.
    public static let ioWrite = ResultCode(SQLITE_IOERR | 3 << 8)
    /// SQLITE_IOERR_FSYNC.
    public static let ioSync = ResultCode(SQLITE_IOERR | 4 << 8)
    /// SQLITE_IOERR_DIR_FSYNC.
    public static let ioSyncDirectory = ResultCode(SQLITE_IOERR | 5 << 8)
    /// SQLITE_IOERR_TRUNCATE.
    public static let ioTruncate = ResultCode(SQLITE_IOERR | 6 << 8)
    /// SQLITE_IOERR_FSTAT.
    public static let ioSize = ResultCode(SQLITE_IOERR | 7 << 8)
    /// SQLITE_IOERR_DELETE.
    public static let ioDelete = ResultCode(SQLITE_IOERR | 10 << 8)
    /// SQLITE_IOERR_DELETE_NOENT.
    public static let ioDeleteMissing = ResultCode(SQLITE_IOERR | 23 << 8)
    /// SQLITE_IOERR_ACCESS.
    public static let ioAccess = ResultCode(SQLITE_IOERR | 13 << 8)
    /// SQLITE_IOERR_DATA: a page fails its check.
    public static let pageCheck = ResultCode(SQLITE_IOERR | 32 << 8)
    /// SQLITE_CORRUPT.
    public static let corrupt = ResultCode(SQLITE_CORRUPT)
    /// SQLITE_FULL.
    public static let full = ResultCode(SQLITE_FULL)
    /// SQLITE_FULL with a number of our own: the WAL is at its bound, whatever the disk has.
    public static let logFull = ResultCode(SQLITE_FULL | 1 << 8)
    /// SQLITE_CANTOPEN.
    public static let cannotOpen = ResultCode(SQLITE_CANTOPEN)
    /// SQLITE_TOOBIG.
    public static let tooBig = ResultCode(SQLITE_TOOBIG)
    /// SQLITE_CONSTRAINT.
    public static let constraint = ResultCode(SQLITE_CONSTRAINT)
    /// SQLITE_MISUSE.
    public static let misuse = ResultCode(SQLITE_MISUSE)
    /// SQLITE_RANGE: no such parameter.
    public static let range = ResultCode(SQLITE_RANGE)
    /// SQLITE_NOTADB.
    public static let notADatabase = ResultCode(SQLITE_NOTADB)
}

/// Why SQLite did not do what it was asked to.
public struct SQLiteError: Error, Hashable, Sendable {
    /// What SQLite answered, with its extension.
    public var code: ResultCode
    /// SQLite's sentence, or ours where SQLite says nothing.
    public var message: String
    /// The statement, or empty when it was none.
    public var statement: String

    /// Makes an error.
    public init(code: ResultCode, message: String, statement: String = "") {
        self.code = code
        self.message = message
        self.statement = statement
    }

    /// Whether another connection holds the lock.
    public var isBusy: Bool { [.busy, .locked].contains(code.primary) }
    /// Whether the disk is full.
    public var isFull: Bool { code == .full }
    /// Whether the WAL is at its bound.
    public var isLogFull: Bool { code == .logFull }
    /// Whether the file could not be read or written; true for a failed page check too.
    public var isIOError: Bool { code.primary == .io }
    /// Whether the disk did not give what was to be read.
    public var isUnreadable: Bool { code == .ioRead }
    /// Whether SQLite found the file malformed.
    public var isCorrupt: Bool { code.primary == .corrupt || code.primary == .notADatabase }
    /// Whether the file or its disk cannot be written.
    public var isReadOnly: Bool { code.primary == .readOnly }
    /// Whether a page failed its check; which one stands in the list of the checking VFS.
    public var isPageCheckFailure: Bool { code == .pageCheck }
    /// Whether an fsync failed, after which nobody knows what the disk holds.
    public var isSyncFailure: Bool { code == .ioSync || code == .ioSyncDirectory }
}

extension SQLiteError: CustomStringConvertible {
    /// The message with the code and the statement, for the log.
    public var description: String {
        "\(message) (SQLite code \(code.rawValue))" + (statement.isEmpty ? "" : " in: \(statement)")
    }
}
