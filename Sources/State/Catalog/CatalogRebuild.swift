// SPDX-License-Identifier: Apache-2.0

import Journal
public import Platform
import SQLite

/// Makes the projection anew from the entries, in a file beside the old one that then takes its place.
///
/// Nothing but the entries, their heads and the file's own ids is taken from the old file, and every
/// entry is checked against its chain on the way.
public enum CatalogRebuild {
    /// Entries applied in one transaction.
    private static let stepMax = 1000
    /// Bytes of the entries of a step, so that one of many events is not followed by others like it.
    private static let stepBytesMax = 256 << 10
    static let temporaryName = "catalog.rebuilt"

    /// Told after every step: entries done, and how many there are.
    public typealias Progress = (_ done: UInt64, _ total: UInt64) -> Void

    /// Rebuilds the file in the directory at `directory`, which no server may have open.
    public static func offline(
        at directory: String,
        world: World,
        options: Catalog.Options = Catalog.Options(),
        progress: Progress
    ) throws(CatalogError) {
        let path = "\(directory)/\(Catalog.fileName)"
        let files = try Catalog.files(at: directory, world)
        try CatalogFile.finishReplacing(in: files, or: world.lifeline)
        try CatalogFile.require(in: files)
        // As when it is opened: a WAL cut short would be a shorter journal, rebuilt faithfully.
        try LogRecovery.run(in: files, at: path, options)
        let old: Session
        do throws(SQLiteError) {
            old = Session(try Connection(path: path, mode: .readWrite, through: options.vfs))
        } catch { throw CatalogError(error) }
        try reading { () throws(CatalogError) in try FirstOpening.requireOurs(old) }
        try build(from: old, directory, world, options, progress)
        do throws(SQLiteError) { try old.connection.close() } catch { throw CatalogError(error) }
        try publish(files, world)
    }

    static func build(
        from old: Session,
        _ directory: String,
        _ world: World,
        _ options: Catalog.Options,
        _ progress: Progress
    ) throws(CatalogError) {
        let files = try Catalog.files(at: directory, world)
        try keepingNothing(of: files) { () throws(CatalogError) in
            let new = try CatalogFile.make(temporaryName, in: files, at: directory, options)
            try fill(new, from: old, progress)
        }
    }

    /// What a failed attempt has made takes room on a disk that may be full.
    static func keepingNothing<Answer>(
        of files: any Directory,
        _ attempt: () throws(CatalogError) -> Answer
    ) throws(CatalogError) -> Answer {
        do throws(CatalogError) { return try attempt() } catch {
            // Where this fails as well, the next opening removes it.
            try? CatalogFile.remove(temporaryName, in: files)
            throw error
        }
    }

    private static func fill(
        _ new: Session,
        from old: Session,
        _ progress: Progress
    ) throws(CatalogError) {
        let source = CatalogView(old)
        let heads = try reading { () throws(CatalogError) in try source.heads() }
        try begin(new, from: old)
        let total = heads.region.position + heads.estate.position
        var done: UInt64 = 0
        for scope in [Scope.estate, .region] {
            try copy(scope, to: new, from: source) { count in
                done += UInt64(count)
                progress(done, total)
            }
        }
        guard try CatalogView(new).heads() == heads else {
            throw .damaged("a journal does not end at its head; restore it from a backup")
        }
        try CatalogFile.checkpoint(new)
        do throws(SQLiteError) { try new.connection.close() } catch { throw CatalogError(error) }
    }

    /// Reads what a rebuild must have: no rebuild helps where that is damaged.
    private static func reading<Answer>(
        _ body: () throws(CatalogError) -> Answer
    ) throws(CatalogError) -> Answer {
        do throws(CatalogError) { return try body() } catch {
            guard case .pageCheckFailed(let page) = error else { throw error }
            throw .damaged(
                "\(page), and the entries cannot be had without it: restore the data directory from a "
                    + "backup"
            )
        }
    }

    private static func copy(
        _ scope: Scope,
        to new: Session,
        from source: CatalogView,
        _ applied: (Int) -> Void
    ) throws(CatalogError) {
        let last = try reading { () throws(CatalogError) in try source.heads()[scope].position }
        var position: UInt64 = 0
        var chain = Head.empty.chain
        while position < last {
            // A server that stops cancels what did not end in its time.
            guard !Task.isCancelled else { throw .interrupted }
            let page = try reading { () throws(CatalogError) in
                try source.entries(
                    scope,
                    from: position + 1,
                    limit: stepMax,
                    bytesMax: stepBytesMax
                )
            }
            guard page.first?.position == position + 1 else {
                throw .damaged(
                    "entry \(position + 1) of the \(scope) journal is missing; restore the "
                        + "directory from a backup"
                )
            }
            try transaction(on: new) { () throws(CatalogError) in
                for stored in page {
                    let entry = try EntryCheck.check(stored, after: chain)
                    try WriteTransaction.write(entry, stored: stored, to: new)
                    (position, chain) = (stored.position, stored.chain)
                }
            }
            applied(page.count)
        }
    }

    static func begin(_ new: Session, from old: Session) throws(CatalogError) {
        let meta = try reading { () throws(CatalogError) in
            try old.all(
                "SELECT key, value FROM meta ORDER BY key",
                read: { ($0.text(0), $0.text(1)) }
            )
        }
        try transaction(on: new) { () throws(CatalogError) in
            do throws(SQLiteError) {
                try new.connection.execute(Schema.journal + Schema.projection)
                try new.connection.execute(
                    """
                    PRAGMA application_id = \(Schema.applicationID);
                    PRAGMA user_version = \(Schema.version)
                    """
                )
            } catch { throw CatalogError(error) }
            for (key, value) in meta {
                try new.run(
                    "INSERT INTO meta (key, value) VALUES (?1, ?2)",
                    .text(key),
                    .text(value)
                )
            }
            try FirstOpening.beginHeads(new)
            try FirstOpening.beginMarks(new)
        }
    }

    private static func transaction(
        on session: Session,
        _ body: () throws(CatalogError) -> Void
    ) throws(CatalogError) {
        do throws(SQLiteError) { try session.connection.beginImmediate() } catch {
            throw CatalogError(error)
        }
        try body()
        do throws(SQLiteError) { try session.connection.commit() } catch {
            throw CatalogError(error)
        }
    }

    static func publish(_ directory: any Directory, _ world: World) throws(CatalogError) {
        try keepingNothing(of: directory) { () throws(CatalogError) in
            try CatalogFile.replace(with: temporaryName, in: directory, or: world.lifeline)
        }
    }
}

extension Catalog {
    /// Rebuilds the projection while pulls go on; the caller is the one writer until it returns.
    ///
    /// Broken off between two steps, with nothing changed, when the caller's task is cancelled.
    public func rebuild(_ progress: CatalogRebuild.Progress) throws(CatalogError) {
        try take()
        defer { free() }
        try read { view throws(CatalogError) in
            try CatalogRebuild.build(from: view.session, directory, world, options, progress)
        }
        let files = try Catalog.files(at: directory, world)
        try swap { () throws(CatalogError) in try CatalogRebuild.publish(files, world) }
    }
}
