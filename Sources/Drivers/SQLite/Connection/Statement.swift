// SPDX-License-Identifier: Apache-2.0

import CSQLite

// Safe because a statement is used by the owner of its connection only, which checks that.
/// A prepared statement, kept by the owner of its connection and run many times.
///
/// Bind, step, read columns, `reset`. A statement that was stepped and not reset keeps its read
/// transaction open, so prefer `run`, `first` and `all`, which reset by themselves.
@safe public final class Statement: @unchecked Sendable {
    /// The statement's text.
    public let sql: String
    private let connection: Connection
    private let statement: OpaquePointer

    init(_ connection: Connection, _ sql: String) throws(SQLiteError) {
        var made: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection.handle,
            sql,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &made,
            nil
        )
        guard code == SQLITE_OK else { throw connection.error(code, sql) }
        guard let made = unsafe made else {
            throw SQLiteError(code: .misuse, message: "an empty statement", statement: sql)
        }
        self.sql = sql
        self.connection = connection
        unsafe statement = made
    }

    deinit {
        // `Connection.close` has finalised it already when the connection is closed.
        if connection.isOpen { unsafe sqlite3_finalize(statement) }
    }

    /// SQLite's handle, for this module.
    var handle: OpaquePointer {
        precondition(connection.isOpen, "the connection of this statement was closed: \(sql)")
        return unsafe statement
    }

    /// Goes to the next row; false when there is none.
    ///
    /// After an error the statement is reset, so that it holds no lock.
    public func step() throws(SQLiteError) -> Bool {
        try connection.exclusively { () throws(SQLiteError) in
            let code = unsafe sqlite3_step(handle)
            switch code {
            case SQLITE_ROW: return true
            case SQLITE_DONE: return false
            default:
                let failure = connection.error(code, sql)
                unsafe sqlite3_reset(handle)
                throw failure
            }
        }
    }

    /// Makes the statement ready to run again, keeping what is bound.
    public func reset() {
        unsafe sqlite3_reset(handle)
    }

    /// Runs the statement to its end and resets it.
    public func run() throws(SQLiteError) {
        while try step() {}
        reset()
    }

    /// Runs the statement for its first row, reads that, and resets it; nil when there is none.
    public func first<Value>(_ read: (Statement) -> Value) throws(SQLiteError) -> Value? {
        guard try step() else {
            reset()
            return nil
        }
        let value = read(self)
        reset()
        return value
    }

    /// Runs the statement, reads every row, and resets it.
    public func all<Value>(_ read: (Statement) -> Value) throws(SQLiteError) -> [Value] {
        var values: [Value] = []
        while try step() { values.append(read(self)) }
        reset()
        return values
    }

    /// Fails with the connection's error unless `code` is SQLITE_OK.
    func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw connection.error(code, sql) }
    }
}
