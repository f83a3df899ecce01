// SPDX-License-Identifier: Apache-2.0

import Journal
import Platform
import SQLite

/// What happens when a catalog's file is opened: made at first, recognised later.
enum FirstOpening {
    static let temporaryName = "catalog.new"

    /// Makes a file with its tables and ids; the writer of one that is there recognises it.
    static func make(
        in directory: any Directory,
        at path: String,
        world: World,
        options: Catalog.Options
    ) throws(CatalogError) {
        try CatalogFile.requireNoLog(in: directory)
        let session = try CatalogFile.make(temporaryName, in: directory, at: path, options)
        try fill(session, world: world)
        try CatalogFile.checkpoint(session)
        do throws(SQLiteError) { try session.connection.close() } catch {
            throw CatalogError(error)
        }
        try CatalogFile.publish(temporaryName, in: directory, or: world.lifeline)
    }

    /// Checks that a file is ours and of this form, and reads whom it belongs to; nil for one of an
    /// earlier form, which is to be rebuilt.
    static func recognise(_ session: Session) throws(CatalogError) -> EstateIdentity? {
        try requireOurs(session)
        let version: Int64
        do throws(SQLiteError) {
            version = try session.connection.pragmaInteger("user_version") ?? 0
        } catch { throw CatalogError(error) }
        guard version <= Schema.version else {
            throw .newer(
                "the catalog has form \(version) and this build knows \(Schema.version): start the "
                    + "version that wrote it, or rebuild it with 'breakwater catalog rebuild --offline'"
            )
        }
        return version == Schema.version ? try identity(session) : nil
    }

    /// Refuses a database of somebody else.
    static func requireOurs(_ session: Session) throws(CatalogError) {
        let application: Int64
        do throws(SQLiteError) {
            application = try session.connection.pragmaInteger("application_id") ?? 0
        } catch { throw CatalogError(error) }
        guard application == Schema.applicationID else {
            throw .damaged("this file is not a catalog of Breakwater; choose another directory")
        }
    }

    private static func fill(_ session: Session, world: World) throws(CatalogError) {
        let ids = ["estate", "region", "node"].map { ($0, Identifier(from: world.random)) }
        do throws(SQLiteError) {
            try session.connection.beginImmediate()
            try session.connection.execute(Schema.journal + Schema.projection)
            try session.connection.execute(
                """
                PRAGMA application_id = \(Schema.applicationID);
                PRAGMA user_version = \(Schema.version)
                """
            )
        } catch { throw CatalogError(error) }
        for (key, id) in ids {
            try session.run(
                "INSERT INTO meta (key, value) VALUES (?1, ?2)",
                .text(key),
                .text(id.description)
            )
        }
        try beginHeads(session)
        try beginMarks(session)
        do throws(SQLiteError) { try session.connection.commit() } catch {
            throw CatalogError(error)
        }
    }

    /// The rows that say where the journals stand: at nothing.
    static func beginHeads(_ session: Session) throws(CatalogError) {
        for scope in Scope.allCases {
            try session.run(
                "INSERT INTO heads (scope, incarnation, position, chain) VALUES (?1, 1, 0, ?2)",
                .integer(Int64(scope.rawValue)),
                .blob(Head.empty.chain)
            )
        }
    }

    /// The rows that say how far the projection is: at nothing.
    static func beginMarks(_ session: Session) throws(CatalogError) {
        for scope in Scope.allCases {
            try session.run(
                """
                INSERT INTO marks (scope, position, stamp, level, epoch)
                VALUES (?1, 0, zeroblob(28), 1, ?2)
                """,
                .integer(Int64(scope.rawValue)),
                .integer(Int64(Generation.first.number))
            )
        }
    }

    private static func identity(_ session: Session) throws(CatalogError) -> EstateIdentity {
        let view = CatalogView(session)
        func id(_ key: String) throws(CatalogError) -> Identifier {
            guard let id = try view.meta(key).flatMap({ Identifier($0) }) else {
                throw .damaged("the catalog does not say its \(key) id; restore it from a backup")
            }
            return id
        }
        return EstateIdentity(
            estate: try id("estate"),
            region: try id("region"),
            node: try id("node")
        )
    }
}
