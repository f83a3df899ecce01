// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Synchronization

// Safe because two threads inside at once are stopped by `exclusively`, and the handle is SQLite's.
/// A connection to one SQLite database, used by one owner at a time.
///
/// SQLite's own mutex is off (`SQLITE_OPEN_NOMUTEX`): a connection and its statements may move
/// between threads, but two threads must never use them at once. That is checked where statements
/// run: a second thread inside ends the process, because going on would corrupt memory.
/// A transaction belongs to the connection, not to a thread, so it may stay open across an `await`.
@safe public final class Connection: @unchecked Sendable {
    /// How a database is opened.
    public enum Mode: Sendable {
        /// Existing, for reading.
        case readOnly
        /// Existing, for reading and writing.
        case readWrite
        /// For reading and writing, made when missing.
        case createIfMissing
    }

    /// The path it was opened with.
    public let path: String
    private var database: OpaquePointer?
    /// Those that begin and end transactions, prepared at their first use.
    private var kept: [String: OpaquePointer] = unsafe [:]
    /// What the database's files are read through, kept as long as the connection.
    private let checks: PageCheckVFS?
    private let directory: DirectoryVFS?
    private let inUse = Atomic<Bool>(false)

    /// Opens the database at `path` through SQLite's own VFS, with no check.
    public convenience init(path: String, mode: Mode) throws(SQLiteError) {
        try self.init(path: path, mode: mode, checks: nil, directory: nil)
    }

    /// Opens the database at `path`, every page checked unless `checks` is nil.
    ///
    /// A new one is made so that its pages carry checks; one that carries none is refused. Opening reads
    /// the header only: damage shows at the first statement that needs the page.
    public convenience init(
        path: String,
        mode: Mode,
        through checks: PageCheckVFS?
    ) throws(SQLiteError) {
        try self.init(path: path, mode: mode, checks: checks, directory: nil)
        if checks != nil { try reserveCheckBytes() }
    }

    /// Opens the database called `path` in the directory of `directory`, with no check.
    public convenience init(
        path: String,
        mode: Mode,
        through directory: DirectoryVFS
    ) throws(SQLiteError) {
        try self.init(path: path, mode: mode, checks: nil, directory: directory)
    }

    private init(
        path: String,
        mode: Mode,
        checks: PageCheckVFS?,
        directory: DirectoryVFS?
    ) throws(SQLiteError) {
        SQLiteLibrary.configure()
        self.path = path
        self.checks = checks
        self.directory = directory
        let access =
            switch mode {
            case .readOnly: SQLITE_OPEN_READONLY
            case .readWrite: SQLITE_OPEN_READWRITE
            case .createIfMissing: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        var opened: OpaquePointer?
        let code = unsafe sqlite3_open_v2(
            path,
            &opened,
            access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE,
            checks?.name ?? directory?.name
        )
        guard code == SQLITE_OK, let opened = unsafe opened else {
            let message =
                unsafe opened.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            let extended = unsafe opened.map { unsafe sqlite3_extended_errcode($0) } ?? code
            unsafe sqlite3_close_v2(opened)
            throw SQLiteError(
                code: ResultCode(extended),
                message: checks?.explanation(ofCode: extended) ?? "\(message): \(path)"
            )
        }
        unsafe database = opened
        unsafe bw_sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1)
        unsafe bw_sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        unsafe bw_sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DML, 0)
        unsafe bw_sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DDL, 0)
        // Sorting and temporary tables never need a file.
        try execute("PRAGMA temp_store=MEMORY")
    }

    /// Makes a database that is still empty leave room for the checks; in others they must be there.
    private func reserveCheckBytes() throws(SQLiteError) {
        var count = Int32(PageCheck.reservedBytes)
        let code = unsafe sqlite3_file_control(
            handle,
            "main",
            SQLITE_FCNTL_RESERVE_BYTES,
            &count
        )
        guard code == SQLITE_OK else { throw error(code, "") }
        try execute("PRAGMA page_size=\(PageCheck.pageBytes)")
    }

    deinit {
        // Only the last reference is here, so nobody is inside; statements hold a reference each.
        if unsafe database != nil {
            unsafe kept.values.forEach { unsafe sqlite3_finalize($0) }
        }
        unsafe sqlite3_close_v2(database)
    }

    /// Whether `close` has not been called yet.
    public var isOpen: Bool { unsafe database != nil }

    /// Ends the connection's statements and closes it; the last connection checkpoints the WAL.
    ///
    /// Statements of a closed connection must not be used again. A connection that is only dropped
    /// closes too, but cannot say whether that went well.
    public func close() throws(SQLiteError) {
        guard let database = unsafe database else { return }
        while let statement = unsafe sqlite3_next_stmt(database, nil) {
            unsafe sqlite3_finalize(statement)
        }
        unsafe kept = [:]
        let code = unsafe sqlite3_close(database)
        guard code == SQLITE_OK else {
            throw SQLiteError(code: ResultCode(code), message: "cannot close \(path)")
        }
        unsafe self.database = nil
    }

    /// Prepares one statement, to be kept and run many times.
    public func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        try exclusively { () throws(SQLiteError) in
            try Statement(self, sql)
        }
    }

    /// Runs one or several statements that give no rows.
    public func execute(_ sql: String) throws(SQLiteError) {
        try exclusively { () throws(SQLiteError) in
            let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
            guard code == SQLITE_OK else { throw error(code, sql) }
        }
    }

    /// Runs one statement that gives no rows, and keeps it prepared.
    func executeOften(_ sql: String) throws(SQLiteError) {
        try exclusively { () throws(SQLiteError) in
            let statement = try unsafe prepared(sql)
            let code = unsafe sqlite3_step(statement)
            let failure = code == SQLITE_DONE ? nil : error(code, sql)
            unsafe sqlite3_reset(statement)
            if let failure { throw failure }
        }
    }

    private func prepared(_ sql: String) throws(SQLiteError) -> OpaquePointer {
        if let known = unsafe kept[sql] { return unsafe known }
        var made: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let code = unsafe sqlite3_prepare_v3(handle, sql, -1, flags, &made, nil)
        guard code == SQLITE_OK, let made = unsafe made else { throw error(code, sql) }
        unsafe kept[sql] = made
        return unsafe made
    }

    /// How many rows the last statement changed.
    public var changes: Int { Int(unsafe sqlite3_changes64(handle)) }

    /// Stops the statement that is running in another thread; it ends with `ResultCode.interrupted`.
    ///
    /// The one call that is allowed while another thread is inside; the caller makes sure that the
    /// connection is not closed meanwhile.
    public func interrupt() {
        unsafe sqlite3_interrupt(handle)
    }

    /// SQLite's handle, for this module.
    var handle: OpaquePointer {
        guard let database = unsafe database else {
            preconditionFailure("the connection to \(path) was closed")
        }
        return unsafe database
    }

    /// The error of the call that just failed with `code`.
    func error(_ code: Int32, _ statement: String) -> SQLiteError {
        let extended = unsafe sqlite3_extended_errcode(handle)
        // SQLite keeps the last error; misuse and range are sometimes only returned.
        let told = extended & 0xff == code & 0xff ? extended : code
        return SQLiteError(
            code: ResultCode(told),
            message: checks?.explanation(ofCode: told)
                ?? (unsafe String(cString: sqlite3_errmsg(handle))),
            statement: statement
        )
    }

    /// Runs `body` as the only user of this connection.
    func exclusively<Result>(
        _ body: () throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        let (entered, _) = inUse.compareExchange(
            expected: false,
            desired: true,
            ordering: .acquiring
        )
        precondition(entered, "two threads use the connection to \(path) at once")
        defer { inUse.store(false, ordering: .releasing) }
        return try body()
    }
}
