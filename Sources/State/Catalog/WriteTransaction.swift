// SPDX-License-Identifier: Apache-2.0

public import Journal
import Platform
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
    ///
    /// Throws when more than the writes of `body` is lost: SQLite drops the whole transaction when a
    /// statement that writes meets a full disk or a page it cannot read. Then nothing may follow but
    /// `rollback`.
    public func attempt<Answer, Failure: Error>(
        _ body: () throws(Failure) -> Answer
    ) throws(CatalogError) -> Result<Answer, Failure> {
        try session.run("SAVEPOINT change")
        let answer = Result { () throws(Failure) in try body() }
        guard session.connection.isInTransaction else {
            throw session.newestError
                ?? .trouble(SQLiteError(code: .error, message: "the transaction is gone"))
        }
        if case .failure = answer { try session.run("ROLLBACK TO change") }
        try session.run("RELEASE change")
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
        // An entry that came from another region keeps its origin, and says nothing of this journal's
        // incarnation.
        try session.run(
            """
            UPDATE heads SET position = ?2, chain = ?3, incarnation =
                CASE WHEN EXISTS (SELECT 1 FROM meta WHERE value = ?4) THEN ?5 ELSE incarnation END
            WHERE scope = ?1
            """,
            scope,
            try .number(stored.position),
            .blob(stored.chain),
            .text(entry.origin.journal.description),
            .integer(Int64(entry.origin.incarnation))
        )
        try Applier(session: session, entry: entry, position: stored.position).apply()
    }

    /// Makes everything applied durable.
    ///
    /// An error is why nothing is, except where it `leavesCommitUnknown`.
    public func commit() throws(CatalogError) {
        defer { catalog.free() }
        do throws(SQLiteError) { try session.connection.commit() } catch {
            // Should this fail as well, the next `begin` says so.
            _ = Result { () throws(CatalogError) in try dropAll() }
            throw CatalogError(error)
        }
        catalog.logGrew(session)
    }

    /// Drops everything applied.
    public func rollback() throws(CatalogError) {
        defer { catalog.free() }
        try dropAll()
    }

    private func dropAll() throws(CatalogError) {
        do throws(SQLiteError) { try session.connection.rollback() } catch {
            throw CatalogError(error)
        }
    }
}
