// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Synchronization

/// A VFS under which every page carries a check value, verified whenever the page is read.
///
/// A page that fails is never handed to SQLite: the statement fails with
/// `SQLiteError.isPageCheckFailure`, and the page stands in `failures`. Pages in the WAL are checked
/// too, against values kept in memory since they were written or recovered; therefore all connections
/// to a database must go through one `PageCheckVFS`, of one process. Nothing is memory-mapped.
/// A database that is not empty and carries no checks cannot be opened.
public final class PageCheckVFS: Sendable {
    /// Limits.
    public struct Options: Sendable {
        /// The most bytes a WAL may have; a transaction that needs more fails with `isLogFull`.
        ///
        /// Default 512 MiB: each page that a transaction changes is in it once, and what a large entry ends lies
        /// on as many pages of a large catalog.
        public var logBytesMax: Int64 = 512 << 20
        /// The most failures listed; all are counted.
        public var failuresListedMax = 1000

        /// The defaults.
        public init() {}
    }

    /// What lies below.
    public enum Base: Sendable {
        /// The kernel's files, through SQLite's own VFS `unix`.
        case system
        /// A directory of Platform's.
        case directory(DirectoryVFS)
    }

    let base: Base
    let options: Options
    let counters = Counters()
    private let state = Mutex(State())
    private let onSyncFailure: @Sendable (SyncFailure) -> Void
    private let registration = OnceCell()

    private struct State {
        var failures: [PageFailure] = []
        var newest: PageFailure?
        var facts: [String: KnownFile] = [:]
    }

    /// What is known about a file goes with the last who has it open: then SQLite recovers a WAL anew.
    private struct KnownFile {
        weak var facts: SharedFacts?
    }

    final class Counters: Sendable {
        let pageReads = Atomic<UInt64>(0)
        let pageWrites = Atomic<UInt64>(0)
        let frameReads = Atomic<UInt64>(0)
        let frameWrites = Atomic<UInt64>(0)
        let failures = Atomic<UInt64>(0)
        let fileSyncs = Atomic<UInt64>(0)
        let directorySyncs = Atomic<UInt64>(0)
    }

    /// Makes and registers one; `onSyncFailure` is called, on the thread that syncs, before SQLite
    /// learns of a failed fsync, and should end the process.
    public init(
        over base: Base,
        _ options: Options = Options(),
        onSyncFailure: @escaping @Sendable (SyncFailure) -> Void
    ) {
        self.base = base
        self.options = options
        self.onSyncFailure = onSyncFailure
        registration.set(Registration(self, belowBytes: unsafe below.pointee.szOsFile))
    }

    /// The name SQLite knows it by.
    public var name: String { registration.value.name }

    /// The pages that failed, each once, the first ones when there are more than the limit.
    public var failures: [PageFailure] { state.withLock { $0.failures } }

    /// What was counted so far.
    public var counts: PageCheckCounts {
        PageCheckCounts(
            pageReads: counters.pageReads.load(ordering: .relaxed),
            pageWrites: counters.pageWrites.load(ordering: .relaxed),
            frameReads: counters.frameReads.load(ordering: .relaxed),
            frameWrites: counters.frameWrites.load(ordering: .relaxed),
            failures: counters.failures.load(ordering: .relaxed),
            fileSyncs: counters.fileSyncs.load(ordering: .relaxed),
            directorySyncs: counters.directorySyncs.load(ordering: .relaxed)
        )
    }

    /// Counts and lists a failure.
    func note(_ failure: PageFailure) {
        counters.failures.add(1, ordering: .relaxed)
        state.withLock {
            $0.newest = failure
            guard $0.failures.count < options.failuresListedMax else { return }
            if !$0.failures.contains(failure) { $0.failures.append(failure) }
        }
    }

    /// What to say about an error that a check caused, since SQLite says "disk I/O error"; the newest
    /// failure, so that with several readers at once it may be another one's.
    func explanation(ofCode code: Int32) -> String? {
        if code == ResultCode.logFull.rawValue {
            return "the WAL is at its bound of \(options.logBytesMax) bytes, for it could not be "
                + "copied into the file"
        }
        guard code == ResultCode.pageCheck.rawValue || code == SQLITE_NOTADB else { return nil }
        return state.withLock { $0.newest?.description }
    }

    /// Passes on a result of an fsync, and tells the owner when it failed.
    func synced(_ code: Int32, _ file: String, _ counter: borrowing Atomic<UInt64>) -> Int32 {
        counter.add(1, ordering: .relaxed)
        if code != SQLITE_OK {
            onSyncFailure(SyncFailure(file: file, code: ResultCode(code)))
        }
        return code
    }

    /// What is known about a file, the same for all who have it open.
    func facts(_ path: String) -> SharedFacts {
        state.withLock { state in
            if let known = state.facts[path]?.facts { return known }
            let facts = SharedFacts()
            state.facts = state.facts.filter { $0.value.facts != nil }
            state.facts[path] = KnownFile(facts: facts)
            return facts
        }
    }

    /// Forgets what is known about a file that is gone.
    func forget(_ path: String) {
        state.withLock { $0.facts[path] = nil }
    }

    /// The entry of the VFS below.
    var below: UnsafeMutablePointer<sqlite3_vfs> {
        switch base {
        case .directory(let directory): return unsafe directory.entry
        case .system:
            SQLiteLibrary.configure()
            guard let found = unsafe sqlite3_vfs_find("unix") else {
                preconditionFailure("SQLite has no VFS for the kernel's files")
            }
            return unsafe found
        }
    }
}
