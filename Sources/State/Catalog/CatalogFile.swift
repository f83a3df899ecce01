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

    /// Removes what an earlier attempt to make `name` left.
    static func removeLeftovers(
        of name: String,
        in directory: any Directory
    ) throws(CatalogError) {
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

    /// Makes the closed database `name`, which has no WAL, the catalog, durably.
    ///
    /// All that the WAL of the catalog before has must be in its file (`checkpoint`).
    static func publish(
        _ name: String,
        in directory: any Directory,
        or lifeline: any Lifeline
    ) throws(CatalogError) {
        do throws(FileError) {
            // The old file's WAL must never meet the new file, whatever of this a crash undoes.
            do throws(FileError) { try directory.remove("\(Catalog.fileName)-wal") } catch {
                guard error.kind == .notFound else { throw error }
            }
            try directory.sync()
            let file = try directory.open(name, .write)
            do throws(PublishError) {
                try directory.publish(
                    name,
                    file,
                    to: directory,
                    as: Catalog.fileName,
                    or: lifeline
                )
            } catch { throw error.cause }
        } catch {
            throw CatalogError(error, "publish the catalog")
        }
    }
}
