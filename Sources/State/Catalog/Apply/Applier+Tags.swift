// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI

extension Applier {
    /// The tag is this digest, unless a greater stamp says otherwise; the loser stays in the history.
    func put(
        _ tag: Tag,
        _ digest: Digest,
        in repository: Int64,
        ordinal: Int
    ) throws(CatalogError) {
        try remember(tag, digest, repository, ordinal)
        // It asserts its manifest also where the tag itself has lost.
        var assertion = Assertion(at: entry.stamp)
        assertion.names([ManifestReference(role: .child, digest: digest)], .nobody)
        try follow(assertion, repository)
        if let end = try tombstone(.tag, repository, tag.key) {
            guard end.stamp <= entry.stamp else { return }
            try exhume(.tag, repository, tag.key)
        }
        let before = try session.first(
            "SELECT stamp < ?3, digest FROM tags WHERE repository = ?1 AND name = ?2",
            .integer(repository),
            .text(tag.description),
            .stamp(entry.stamp),
            read: { row in (isOlder: row.integer(0) != 0, digest: Digest(key: row.blob(1))) }
        )
        if let before, !before.isOlder { return }
        try session.run(
            """
            INSERT INTO tags (repository, name, digest, stamp, position) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET digest = excluded.digest, stamp = excluded.stamp,
                position = excluded.position
            """,
            .integer(repository),
            .text(tag.description),
            .digest(digest),
            .stamp(entry.stamp),
            .number(position)
        )
        if before == nil { try count(repository, tags: 1) }
        try forgetUntagged(digest, repository)
        if let old = before?.digest, old != digest { try noteUntagged(old, repository) }
    }

    /// The tag is gone, unless a greater stamp put it.
    func delete(_ tag: Tag, in repository: Int64, ordinal: Int) throws(CatalogError) {
        try remember(tag, nil, repository, ordinal)
        try bury(.tag, repository, tag.key)
        let removed = try session.first(
            "DELETE FROM tags WHERE repository = ?1 AND name = ?2 AND stamp < ?3 RETURNING digest",
            .integer(repository),
            .text(tag.description),
            .stamp(entry.stamp),
            read: { Digest(key: $0.blob(0)) }
        )
        guard let removed else { return }
        try count(repository, tags: -1)
        if let removed { try noteUntagged(removed, repository) }
    }

    private func remember(
        _ tag: Tag,
        _ digest: Digest?,
        _ repository: Int64,
        _ ordinal: Int
    ) throws(CatalogError) {
        try session.run(
            """
            INSERT INTO tag_history (repository, name, position, ordinal, digest, stamp)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """,
            .integer(repository),
            .text(tag.description),
            .number(position),
            .integer(Int64(ordinal)),
            .optional(digest),
            .stamp(entry.stamp)
        )
    }
}

extension Tag {
    /// How tags stand in tombstones.
    fileprivate var key: [UInt8] { Array(description.utf8) }
}
