// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI

/// What a tombstone remembers the end of.
enum Buried: Int64 {
    case link = 1
    case manifest = 2
    case tag = 3
}

/// The end of a name: the greatest delete, and what a newer assertion needs to bring it back.
struct Tombstone {
    var stamp: Stamp
    var kept: [UInt8]?
}

extension Applier {
    /// The end of a name, if there was one that no newer assertion undid.
    func tombstone(
        _ kind: Buried,
        _ repository: Int64,
        _ key: [UInt8]
    ) throws(CatalogError) -> Tombstone? {
        let row = try session.first(
            """
            SELECT stamp, kept FROM tombstones
            WHERE kind = ?1 AND repository = ?2 AND key = ?3
            """,
            .integer(kind.rawValue),
            .integer(repository),
            .blob(key),
            read: { row in (Stamp(sortable: row.blob(0)), row.isNull(1) ? nil : row.blob(1)) }
        )
        guard let (stamp, kept) = row, let stamp else { return nil }
        return Tombstone(stamp: stamp, kept: kept)
    }

    /// Remembers that this entry ended a name.
    func bury(_ kind: Buried, _ repository: Int64, _ key: [UInt8]) throws(CatalogError) {
        try session.run(
            """
            INSERT INTO tombstones (kind, repository, key, stamp, named) VALUES (?1, ?2, ?3, ?4, 0)
            ON CONFLICT DO UPDATE SET stamp = max(stamp, excluded.stamp)
            """,
            .integer(kind.rawValue),
            .integer(repository),
            .blob(key),
            .stamp(entry.stamp)
        )
    }

    /// Keeps with a tombstone what brings the name back, and whether something live names it still.
    func keep(
        _ kept: [UInt8],
        named: Bool,
        _ kind: Buried,
        _ repository: Int64,
        _ key: [UInt8]
    ) throws(CatalogError) {
        try session.run(
            """
            UPDATE tombstones SET kept = ?4, named = ?5
            WHERE kind = ?1 AND repository = ?2 AND key = ?3
            """,
            .integer(kind.rawValue),
            .integer(repository),
            .blob(key),
            .blob(kept),
            .integer(named ? 1 : 0)
        )
    }

    /// Notes that something live names what this tombstone ended.
    func markNamed(
        _ kind: Buried,
        _ repository: Int64,
        _ digest: Digest
    ) throws(CatalogError) {
        try session.run(
            "UPDATE tombstones SET named = 1 WHERE kind = ?1 AND repository = ?2 AND key = ?3",
            .integer(kind.rawValue),
            .integer(repository),
            .digest(digest)
        )
    }

    /// Forgets an end that an assertion undid.
    func exhume(_ kind: Buried, _ repository: Int64, _ key: [UInt8]) throws(CatalogError) {
        try session.run(
            "DELETE FROM tombstones WHERE kind = ?1 AND repository = ?2 AND key = ?3",
            .integer(kind.rawValue),
            .integer(repository),
            .blob(key)
        )
    }

    /// Whether something live of the repository names something that was deleted: never by the
    /// decisions of one region, so that the walks this guards cost nothing there.
    func hasNamedTombstones(_ repository: Int64) throws(CatalogError) -> Bool {
        try session.first(
            "SELECT 1 FROM tombstones WHERE repository = ?1 AND named = 1 LIMIT 1",
            .integer(repository),
            read: { _ in true }
        ) ?? false
    }

    /// Corrects the notes of `markNamed` for what a manifest named that is gone now.
    func unmarkNamed(
        _ references: [ManifestReference],
        _ repository: Int64
    ) throws(CatalogError) {
        guard try hasNamedTombstones(repository) else { return }
        for reference in references where reference.role != .external {
            let kind: Buried = reference.role == .child ? .manifest : .link
            guard try newestNamer(reference.digest, kind, repository) == nil else { continue }
            try session.run(
                """
                UPDATE tombstones SET named = 0
                WHERE kind = ?1 AND repository = ?2 AND key = ?3 AND named = 1
                """,
                .integer(kind.rawValue),
                .integer(repository),
                .digest(reference.digest)
            )
        }
    }
}
