// SPDX-License-Identifier: Apache-2.0

import SQLite
import Synchronization

/// A connection and the statements prepared on it; used by one owner at a time.
final class Session: Sendable {
    let connection: Connection
    private let statements = Mutex<[String: Statement]>([:])
    private let failure = Mutex<CatalogError?>(nil)

    init(_ connection: Connection) {
        self.connection = connection
    }

    /// The last error, for who finds that SQLite dropped the transaction because of it.
    var newestError: CatalogError? { failure.withLock { $0 } }

    /// What a failure of SQLite means, remembered.
    private func note(_ error: SQLiteError) -> CatalogError {
        let error = CatalogError(error)
        failure.withLock { $0 = error }
        return error
    }

    /// The statement of `sql`, prepared at its first use.
    func statement(_ sql: String) throws(CatalogError) -> Statement {
        if let known = statements.withLock({ $0[sql] }) { return known }
        do throws(SQLiteError) {
            let made = try connection.prepare(sql)
            statements.withLock { $0[sql] = made }
            return made
        } catch {
            throw note(error)
        }
    }

    /// Runs a statement that gives no rows and returns how many it changed.
    @discardableResult
    func run(_ sql: String, _ values: Value...) throws(CatalogError) -> Int {
        let statement = try bound(sql, values)
        do throws(SQLiteError) { try statement.run() } catch { throw note(error) }
        return connection.changes
    }

    /// The first row of a query.
    func first<Row>(
        _ sql: String,
        _ values: Value...,
        read: (Statement) -> Row
    ) throws(CatalogError) -> Row? {
        let statement = try bound(sql, values)
        do throws(SQLiteError) { return try statement.first(read) } catch {
            throw note(error)
        }
    }

    /// All rows of a query; callers bound them in the query.
    func all<Row>(
        _ sql: String,
        _ values: Value...,
        read: (Statement) -> Row
    ) throws(CatalogError) -> [Row] {
        let statement = try bound(sql, values)
        do throws(SQLiteError) { return try statement.all(read) } catch {
            throw note(error)
        }
    }

    /// Whether another row is wanted.
    enum Wish {
        case more
        case enough
    }

    /// Runs `body` for rows of a query until it has enough.
    func some(
        _ sql: String,
        _ values: Value...,
        body: (Statement) -> Wish
    ) throws(CatalogError) {
        let statement = try bound(sql, values)
        defer { statement.reset() }
        while try step(statement) {
            guard body(statement) == .more else { return }
        }
    }

    /// Runs `body` for each row of a query of any length.
    func each(
        _ sql: String,
        _ values: [Value] = [],
        body: (Statement) throws(CatalogError) -> Void
    ) throws(CatalogError) {
        let statement = try bound(sql, values)
        defer { statement.reset() }
        while try step(statement) { try body(statement) }
    }

    private func step(_ statement: Statement) throws(CatalogError) -> Bool {
        do throws(SQLiteError) { return try statement.step() } catch { throw note(error) }
    }

    private func bound(_ sql: String, _ values: [Value]) throws(CatalogError) -> Statement {
        let statement = try statement(sql)
        do throws(SQLiteError) {
            for (index, value) in values.enumerated() {
                switch value {
                case .integer(let number): try statement.bind(index + 1, number)
                case .text(let text): try statement.bind(index + 1, text)
                case .blob(let bytes): try statement.bind(index + 1, bytes)
                case .null: try statement.bindNull(index + 1)
                }
            }
        } catch {
            throw note(error)
        }
        return statement
    }
}

/// A value of a row.
enum Value {
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    case null
}
