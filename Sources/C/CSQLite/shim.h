// SPDX-License-Identifier: Apache-2.0
// SQLite, and doors to what Swift cannot call: variadic functions and cast macros.
#pragma once
#include <sqlite3.h>

/// sqlite3_db_config for the settings that are one number; returns SQLite's code.
static inline int bw_sqlite3_db_config(sqlite3 *database, int setting, int value) {
    return sqlite3_db_config(database, setting, value, (int *)0);
}

/// SQLITE_TRANSIENT: SQLite makes a copy of what is bound.
static inline sqlite3_destructor_type bw_sqlite3_transient(void) {
    return SQLITE_TRANSIENT;
}

/// Binds a copy of `count` bytes of UTF-8; a null pointer is empty text, not NULL.
static inline int bw_sqlite3_bind_text(
    sqlite3_stmt *statement, int index, const void *bytes, long count
) {
    return sqlite3_bind_text64(
        statement, index, bytes ? (const char *)bytes : "", (sqlite3_uint64)count,
        SQLITE_TRANSIENT, SQLITE_UTF8
    );
}

/// sqlite3_config for settings without an argument or with one number; returns SQLite's code.
static inline int bw_sqlite3_config(int setting, int value) {
    return sqlite3_config(setting, value);
}

/// Makes SQLite's own generator follow from `seed`, in this whole process; 0 makes it random again.
static inline int bw_sqlite3_seed(int seed) {
    return sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, (sqlite3 *)0);
}

/// What SQLite gives a VFS of ours for an open file: its own part first, then our object.
typedef struct bw_sqlite3_file {
    sqlite3_file base;
    void *object;
} bw_sqlite3_file;
