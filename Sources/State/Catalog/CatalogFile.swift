// SPDX-License-Identifier: Apache-2.0

import Platform
import SQLite

/// How a catalog's file gets its name: made whole under another one, synced, then renamed.
///
/// A crash leaves the old file or the new one, never a part of one that no start could open.
enum CatalogFile {
    /// Whether there is a file.
    ///
    /// One of no length is refused: it gets its name synced, so no crash of ours leaves that.
    static func exists(in directory: any Directory) throws(CatalogError) -> Bool {
        let size: UInt64
        do throws(FileError) {
            size = try directory.open(Catalog.fileName, .read).size()
        } catch {
            guard error.kind == .notFound else {
                throw CatalogError(error, "look for the catalog")
            }
            return false
        }
        guard size > 0 else {
            throw .damaged(
                "'\(Catalog.fileName)' has no bytes, so every change is lost: restore the data "
                    + "directory from a backup, or choose another one to begin with nothing"
            )
        }
        return true
    }

    /// Refuses to go on where there is no file.
    static func require(in directory: any Directory) throws(CatalogError) {
        guard try !exists(in: directory) else { return }
        throw .damaged(
            "there is no '\(Catalog.fileName)': choose the directory of a server, or restore it from "
                + "a backup"
        )
    }

    /// Refuses to make a file where its WAL is left: somebody lost the file, or part of a copy.
    static func requireNoLog(in directory: any Directory) throws(CatalogError) {
        let name = "\(Catalog.fileName)-wal"
        do throws(FileError) {
            guard try directory.open(name, .read).size() > 0 else { return }
        } catch {
            guard error.kind == .notFound else { throw CatalogError(error, "look for a WAL") }
            return
        }
        throw .damaged(
            "there is '\(name)' but no '\(Catalog.fileName)': restore the data directory from a "
                + "backup, or move that file away to begin with nothing"
        )
    }

    /// Opens a new database, for its owner alone whatever the process would make; SQLite's files beside
    /// it have the access that it has.
    static func make(
        _ name: String,
        in files: any Directory,
        at directory: String,
        _ options: Catalog.Options
    ) throws(CatalogError) -> Session {
        try remove(name, in: files)
        do throws(FileError) { _ = try files.open(name, .createNew) } catch {
            throw CatalogError(error, "make a catalog")
        }
        return try Catalog.openWriter("\(directory)/\(name)", options)
    }

    /// Removes what attempts left that were cut off before their file counted.
    static func removeLeftovers(in directory: any Directory) throws(CatalogError) {
        for name in [
            FirstOpening.temporaryName, CatalogRebuild.temporaryName, CatalogScrub.asideName,
        ] {
            try remove(name, in: directory)
        }
    }

    /// Removes a database that counts for nothing, with what SQLite keeps beside it.
    static func remove(_ name: String, in directory: any Directory) throws(CatalogError) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            do throws(FileError) { try directory.remove(name + suffix) } catch {
                guard error.kind == .notFound else { throw CatalogError(error, "clear the way") }
            }
        }
    }

    /// Copies all of the WAL into the file; SQLite does so on closing too, but says nothing when it
    /// could not.
    static func checkpoint(_ session: Session) throws(CatalogError) {
        do throws(SQLiteError) {
            let done = try session.connection.checkpoint(.truncate)
            guard done.isComplete else {
                throw SQLiteError(code: .busy, message: "the WAL could not be copied as a whole")
            }
        } catch { throw CatalogError(error) }
    }

    /// Makes the closed database `name`, which has no WAL, the catalog, where there is none.
    static func publish(
        _ name: String,
        in directory: any Directory,
        or lifeline: any Lifeline
    ) throws(CatalogError) {
        do throws(FileError) {
            try removeLog(in: directory)
            try rename(name, to: Catalog.fileName, in: directory, or: lifeline)
        } catch { throw CatalogError(error, "publish the catalog") }
    }

    /// What a file is called that was decided to take the place of the catalog and its WAL.
    private static let successorName = "catalog.next"

    /// Puts the closed database `name`, which has no WAL, in the place of the catalog and its WAL.
    ///
    /// The new file must never meet the old one's WAL, nor may the old file lose it while it counts, and
    /// two names cannot change at once. So a first name decides: once a file has that durably, it alone
    /// counts, and each opening goes on from there (`finishReplacing`). When that fails here the process
    /// ends, for the old file must not be written any more.
    static func replace(
        with name: String,
        in directory: any Directory,
        or lifeline: any Lifeline
    ) throws(CatalogError) {
        do throws(FileError) {
            // Whoever rebuilds may be root, and the server somebody else.
            let old = try directory.open(Catalog.fileName, .read)
            try directory.open(name, .write).takeAccess(of: old)
            try rename(name, to: successorName, in: directory, or: lifeline)
        } catch { throw CatalogError(error, "publish the rebuilt catalog") }
        do throws(CatalogError) { try finishReplacing(in: directory, or: lifeline) } catch {
            lifeline.halt("the rebuilt catalog could not take its place: \(error)")
            throw error
        }
    }

    /// Goes on where `replace` was cut off behind its decision.
    static func finishReplacing(
        in directory: any Directory,
        or lifeline: any Lifeline
    ) throws(CatalogError) {
        do throws(FileError) {
            do throws(FileError) { _ = try directory.open(successorName, .read) } catch {
                guard error.kind == .notFound else { throw error }
                return
            }
            // Its name may have been found before it was durable.
            try directory.sync()
            try removeLog(in: directory)
            try rename(successorName, to: Catalog.fileName, in: directory, or: lifeline)
        } catch { throw CatalogError(error, "finish a rebuild of the catalog") }
    }

    private static func removeLog(in directory: any Directory) throws(FileError) {
        do throws(FileError) { try directory.remove("\(Catalog.fileName)-wal") } catch {
            guard error.kind == .notFound else { throw error }
        }
        try directory.sync()
    }

    private static func rename(
        _ name: String,
        to newName: String,
        in directory: any Directory,
        or lifeline: any Lifeline
    ) throws(FileError) {
        let file = try directory.open(name, .write)
        do throws(PublishError) {
            try directory.publish(name, file, to: directory, as: newName, or: lifeline)
        } catch { throw error.cause }
    }
}
