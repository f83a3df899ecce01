// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// SQLite's settings for the whole process.
public enum SQLiteLibrary {
    private static let configured: Void = {
        // Without effect when somebody in this process used SQLite before us, which nobody does.
        _ = bw_sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0)
        // Statement journals stay in memory: no temporary file is ever needed.
        _ = bw_sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1)
    }()

    /// Sets what must be set before SQLite is first used; every connection and VFS calls it.
    static func configure() {
        configured
    }

    /// SQLite's version, for the log and `version`.
    public static var version: String { unsafe String(cString: sqlite3_libversion()) }

    /// Makes SQLite's own generator, from which WAL salts come, follow from `seed` in this process.
    ///
    /// For the simulator, before each run; runs side by side in one process disturb each other. 0
    /// makes it random again.
    public static func seed(_ seed: Int32) {
        configure()
        _ = bw_sqlite3_seed(seed)
    }
}
