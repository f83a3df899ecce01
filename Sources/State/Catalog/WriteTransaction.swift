// SPDX-License-Identifier: Apache-2.0

public import Journal
import SQLite

/// The one open change of a catalog: decide on `view`, apply, then commit or roll back.
///
/// Not for two tasks at once. After `commit` or `rollback` it must not be used again.
public final class WriteTransaction: Sendable {
    private let session: Session
    private let catalog: Catalog

    init(_ session: Session, of catalog: Catalog) {
        self.session = session
        self.catalog = catalog
    }

    /// The state with everything applied so far.
    public var view: CatalogView { CatalogView(session) }

    /// Runs `body` so that its writes all stay or, when it throws, all go.
    public func attempt<Answer, Failure: Error>(
        _ body: () throws(Failure) -> Answer
    ) throws(CatalogError) -> Result<Answer, Failure> {
        try execute("SAVEPOINT change")
        let answer = Result { () throws(Failure) in try body() }
        if case .failure = answer { try execute("ROLLBACK TO change") }
        try execute("RELEASE change")
        return answer
    }

    /// Puts an entry at the end of its journal here and applies it.
    public func apply(_ entry: Entry, stored: StoredEntry) throws(CatalogError) {
        try WriteTransaction.write(entry, stored: stored, to: session)
    }

    static func write(
        _ entry: Entry,
        stored: StoredEntry,
        to session: Session
    ) throws(CatalogError) {
        let scope = Value.integer(Int64(stored.scope.rawValue))
        try session.run(
            "INSERT INTO entries (scope, position, id, bytes, chain) VALUES (?1, ?2, ?3, ?4, ?5)",
            scope,
            try .number(stored.position),
            .id(entry.id),
            .blob(stored.bytes),
            .blob(stored.chain)
        )
        try session.run(
            "UPDATE heads SET incarnation = ?2, position = ?3, chain = ?4 WHERE scope = ?1",
            scope,
            .integer(Int64(entry.origin.incarnation)),
            try .number(stored.position),
            .blob(stored.chain)
        )
        try Applier(session: session, entry: entry, position: stored.position).apply()
    }

    /// Makes everything applied durable.
    public func commit() throws(CatalogError) {
        defer { catalog.free() }
        do throws(SQLiteError) { try session.connection.commit() } catch {
            try rollBack()
            throw CatalogError(error)
        }
    }

    /// Drops everything applied.
    public func rollback() throws(CatalogError) {
        defer { catalog.free() }
        try rollBack()
    }

    private func rollBack() throws(CatalogError) {
        do throws(SQLiteError) { try session.connection.rollback() } catch {
            throw CatalogError(error)
        }
    }

    private func execute(_ sql: String) throws(CatalogError) {
        try session.run(sql)
    }
}
