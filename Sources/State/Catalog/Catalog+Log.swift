// SPDX-License-Identifier: Apache-2.0

import Platform
import SQLite
import Synchronization

extension Catalog {
    /// Refuses a WAL that SQLite would silently cut short of what was acknowledged.
    ///
    /// Returns what was found; nil without a WAL, or where nothing can be said.
    static func scanLog(
        _ path: String,
        _ options: Options
    ) throws(CatalogError) -> WALScanResult? {
        // Only where each commit was synced before the next was written does the scan say anything.
        guard options.synchronous == .full, let vfs = options.vfs else { return nil }
        do throws(WALScanError) {
            return try vfs.scanLog(of: path)
        } catch {
            throw .damaged(
                "\(error): restore the data directory from a backup, or move "
                    + "'\(path)-wal' away to go on without every change that is only there"
            )
        }
    }

    /// Keeps the WAL short where some reader always is in the way of beginning it anew.
    ///
    /// SQLite copies it into the file by itself (`checkpointFrames`) but waits for nobody. At twice that
    /// length readers are waited for, a moment; a WAL that reaches the bound of `PageCheckVFS` takes no
    /// commits any more.
    func logGrew(_ writer: Session) {
        let limit = 2 * UInt64(options.checkpointFrames) * 4096
        let size: UInt64
        do throws(FileError) {
            size = try files.open("\(Catalog.fileName)-wal", .read).size()
        } catch {
            // A disk that does not answer says so to the next commit.
            return
        }
        let stuck = stuckLog.withLock { $0 }
        guard size > limit + 4096, size > stuck + Catalog.logStep || size < stuck else { return }
        writer.connection.setBusyTimeout(milliseconds: Catalog.logWaitMilliseconds)
        defer { writer.connection.setBusyTimeout(milliseconds: Catalog.busyMilliseconds) }
        do throws(SQLiteError) {
            try writer.connection.checkpoint(.restart)
            stuckLog.withLock { $0 = 0 }
        } catch {
            stuckLog.withLock { $0 = size }
        }
    }

    /// How much a WAL that could not be begun anew grows before that is tried again.
    private static let logStep: UInt64 = 1 << 20
    /// How long readers are waited for.
    private static let logWaitMilliseconds: Int32 = 100
    /// How long a connection waits for another one's lock.
    static let busyMilliseconds: Int32 = 5000
}
