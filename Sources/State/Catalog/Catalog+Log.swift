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
            #if SABOTAGE
            if Sabotage.makes("takesDamageForATornTail") { return nil }
            #endif
            throw .damaged(
                "\(error): restore the data directory from a backup, or move '\(path)-wal' away and "
                    + "run 'breakwater catalog rebuild --offline' to go on without every change that is "
                    + "only there"
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
        let stuck = log.withLock(\.stuckAt)
        guard size > limit + 4096, size > stuck + Catalog.logStep || size < stuck else { return }
        writer.connection.setBusyTimeout(milliseconds: Catalog.logWaitMilliseconds)
        defer { writer.connection.setBusyTimeout(milliseconds: Catalog.busyMilliseconds) }
        do throws(SQLiteError) {
            try writer.connection.checkpoint(.restart)
            log.withLock { $0 = LogState() }
        } catch {
            log.withLock { log in
                log.stuckAt = size
                if !error.isBusy { log.failure = CatalogError(error) }
            }
        }
    }

    /// Why nothing is written any more: the WAL has a page that fails its check.
    ///
    /// The next start will refuse that WAL, and with it whatever had been acknowledged behind the page. A
    /// rebuild goes on from the entries, and ends it.
    public var obstacle: CatalogError? {
        guard case .pageCheckFailed(let page)? = log.withLock(\.failure) else { return nil }
        return .damaged(
            "\(page), and the WAL cannot be copied into the file: run 'breakwater catalog rebuild' "
                + "before the server is stopped, for its next start would refuse the WAL"
        )
    }

    /// What is known of copying the WAL into the file.
    struct LogState {
        /// How long the WAL was when it could not be begun anew.
        var stuckAt: UInt64 = 0
        /// Why it could not, where no reader was in the way.
        var failure: CatalogError?
    }

    /// How much a WAL that could not be begun anew grows before that is tried again.
    private static let logStep: UInt64 = 1 << 20
    /// How long readers are waited for.
    private static let logWaitMilliseconds: Int32 = 100
    /// How long a connection waits for another one's lock.
    static let busyMilliseconds: Int32 = 5000
}
