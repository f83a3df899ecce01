// SPDX-License-Identifier: Apache-2.0

import Journal
import Platform
import SQLite

/// What happens when a catalog's file is opened: made at first, recognised later.
enum FirstOpening {
    /// Makes the tables in a new file, or checks that a file is ours and of this form.
    static func prepare(
        _ session: Session,
        world: World
    ) throws(CatalogError) -> EstateIdentity {
        let application: Int64
        let version: Int64
        do throws(SQLiteError) {
            application = try session.connection.pragmaInteger("application_id") ?? 0
            version = try session.connection.pragmaInteger("user_version") ?? 0
        } catch { throw CatalogError(error) }
        if application == 0, version == 0, try isEmpty(session) {
            try make(session, world: world)
        } else if application != Schema.applicationID {
            throw .damaged("this file is not a catalog of Breakwater; choose another directory")
        } else if version != Schema.version {
            throw .newer(
                "the catalog has form \(version) and this build knows \(Schema.version): start the "
                    + "version that wrote it, or rebuild it with 'breakwater catalog rebuild --offline'"
            )
        }
        return try identity(session)
    }

    private static func isEmpty(_ session: Session) throws(CatalogError) -> Bool {
        try session.first("SELECT count(*) FROM sqlite_schema", read: { $0.integer(0) }) == 0
    }

    private static func make(_ session: Session, world: World) throws(CatalogError) {
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
        for scope in Scope.allCases {
            try session.run(
                "INSERT INTO heads (scope, incarnation, position, chain) VALUES (?1, 1, 0, ?2)",
                .integer(Int64(scope.rawValue)),
                .blob(Head.empty.chain)
            )
        }
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
                INSERT INTO marks (scope, incarnation, position, stamp, level, epoch)
                VALUES (?1, 1, 0, zeroblob(28), 1, ?2)
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
