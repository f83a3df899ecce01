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
    ///
    /// Fewer when they have more than `bytesMax` bytes together, but one at least: the next page begins
    /// behind the last one that was given.
    public func entries(
        _ scope: Scope,
        from position: UInt64,
        limit: Int,
        bytesMax: Int = CatalogView.pageBytesMax
    ) throws(CatalogError) -> [StoredEntry] {
        var entries: [StoredEntry] = []
        var room = bytesMax
        try session.some(
            """
            SELECT position, bytes, chain FROM entries
            WHERE scope = ?1 AND position >= ?2 ORDER BY position LIMIT ?3
            """,
            .integer(Int64(scope.rawValue)),
            try .number(position),
            .integer(Int64(limit))
        ) { row in
            let entry = StoredEntry(
                scope: scope,
                position: UInt64(row.integer(0)),
                bytes: row.blob(1),
                chain: row.blob(2)
            )
            room -= entry.bytes.count
            guard room >= 0 || entries.isEmpty else { return .enough }
            entries.append(entry)
            return .more
        }
        return entries
    }

    /// Bytes of entries in one answer.
    public static let pageBytesMax = 4 << 20

    /// What the file says of itself: ids of estate, region, node.
    public func meta(_ key: String) throws(CatalogError) -> String? {
        try session.first(
            "SELECT value FROM meta WHERE key = ?1",
            .text(key),
            read: { $0.text(0) }
        )
    }
}
