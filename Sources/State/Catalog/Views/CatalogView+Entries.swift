// SPDX-License-Identifier: Apache-2.0

import SQLite
public import Journal
public import Platform

extension CatalogView {
    /// Where a change's entry stands, if the window has one of that id.
    public func change(_ id: Identifier) throws(CatalogError) -> (Scope, UInt64)? {
        try session.first(
            "SELECT scope, position FROM entries WHERE id = ?1 ORDER BY scope LIMIT 1",
            .id(id),
            read: { row in
                Scope(rawValue: UInt8(row.integer(0))).map { ($0, UInt64(row.integer(1))) }
            }
        ).flatMap { $0 }
    }

    /// Up to `limit` stored entries of a journal from `position` on, in order.
    public func entries(
        _ scope: Scope,
        from position: UInt64,
        limit: Int
    ) throws(CatalogError) -> [StoredEntry] {
        try session.all(
            """
            SELECT position, bytes, chain FROM entries
            WHERE scope = ?1 AND position >= ?2 ORDER BY position LIMIT ?3
            """,
            .integer(Int64(scope.rawValue)),
            try .number(position),
            .integer(Int64(limit)),
            read: { row in
                StoredEntry(
                    scope: scope,
                    position: UInt64(row.integer(0)),
                    bytes: row.blob(1),
                    chain: row.blob(2)
                )
            }
        )
    }

    /// What the file says of itself: ids of estate, region, node.
    public func meta(_ key: String) throws(CatalogError) -> String? {
        try session.first(
            "SELECT value FROM meta WHERE key = ?1",
            .text(key),
            read: { $0.text(0) }
        )
    }
}
