// SPDX-License-Identifier: Apache-2.0

public import Journal
public import OCI
import Platform
import SQLite

/// A manifest in a repository's trash.
public struct TrashedManifest: Hashable, Sendable {
    /// What it is.
    public var facts: ManifestFacts
    /// When the trash lets go of it, in milliseconds since 1970.
    public var until: UInt64
    /// The region journal's position that put it there.
    public var position: UInt64
    /// The stamp of that entry.
    public var stamp: Stamp
}

/// A value that a tag had and has no more.
public struct EndedTag: Hashable, Sendable {
    /// The tag.
    public var tag: Tag
    /// What it was.
    public var digest: Digest
    /// The region journal's position that ended it.
    public var position: UInt64
    /// Which of that entry's events did.
    public var ordinal: UInt64
    /// The stamp of that entry.
    public var stamp: Stamp
    /// Whether it was deleted, and not overwritten.
    public var isDeleted: Bool
}

extension CatalogView {
    /// A manifest in a repository's trash.
    public func trashed(
        _ repository: Int64,
        _ digest: Digest
    ) throws(CatalogError) -> TrashedManifest? {
        try session.first(
            """
            SELECT facts, until, position, stamp FROM trash
            WHERE repository = ?1 AND digest = ?2
            """,
            .integer(repository),
            .digest(digest),
            read: CatalogView.trashed
        ).flatMap { $0 }
    }

    /// Up to `limit` manifests in a repository's trash, greater than `after`.
    public func trash(
        _ repository: Int64,
        after: Digest?,
        limit: Int
    ) throws(CatalogError) -> [TrashedManifest] {
        try session.all(
            """
            SELECT facts, until, position, stamp FROM trash
            WHERE repository = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3
            """,
            .integer(repository),
            .blob(after?.key ?? []),
            .integer(Int64(limit)),
            read: CatalogView.trashed
        ).compactMap { $0 }
    }

    /// Up to `limit` manifests in a repository's trash whose subject is the digest, greater than `after`.
    public func trashedReferrers(
        _ repository: Int64,
        of subject: Digest,
        after: Digest?,
        limit: Int
    ) throws(CatalogError) -> [Digest] {
        try session.all(
            """
            SELECT digest FROM trash WHERE repository = ?1 AND subject = ?2 AND digest > ?3
            ORDER BY digest LIMIT ?4
            """,
            .integer(repository),
            .digest(subject),
            .blob(after?.key ?? []),
            .integer(Int64(limit)),
            read: { Digest(key: $0.blob(0)) }
        ).compactMap { $0 }
    }

    /// Up to `limit` values that tags of a repository had and have no more, by tag, then in the order in
    /// which they ended, from behind a place.
    public func endedTags(
        _ repository: Int64,
        after: (tag: String, position: UInt64, ordinal: UInt64)?,
        limit: Int
    ) throws(CatalogError) -> [EndedTag] {
        try session.all(
            """
            SELECT name, before, position, ordinal, stamp, digest IS NULL FROM (
                SELECT name, position, ordinal, stamp, digest, (
                    SELECT was.digest FROM tag_history AS was
                    WHERE was.repository = ?1 AND was.name = now.name
                        AND (was.position, was.ordinal) < (now.position, now.ordinal)
                    ORDER BY was.position DESC, was.ordinal DESC LIMIT 1) AS before
                FROM tag_history AS now
                WHERE repository = ?1 AND (name, position, ordinal) > (?2, ?3, ?4))
            WHERE before IS NOT NULL AND before IS NOT digest
            ORDER BY name, position, ordinal LIMIT ?5
            """,
            .integer(repository),
            .text(after?.tag ?? ""),
            .integer(Int64(clamping: after?.position ?? 0)),
            .integer(Int64(clamping: after?.ordinal ?? 0)),
            .integer(Int64(limit)),
            read: { row in
                guard let tag = Tag(row.text(0)), let digest = Digest(key: row.blob(1)),
                    let stamp = Stamp(sortable: row.blob(4))
                else { return nil }
                return EndedTag(
                    tag: tag,
                    digest: digest,
                    position: UInt64(row.integer(2)),
                    ordinal: UInt64(row.integer(3)),
                    stamp: stamp,
                    isDeleted: row.integer(5) != 0
                )
            }
        ).compactMap { $0 }
    }

    /// Up to `limit` repositories with a number greater than `after` whose trash has manifests, and how
    /// many.
    public func trashedRepositories(
        after number: Int64,
        limit: Int
    ) throws(CatalogError) -> [(number: Int64, key: RepositoryKey, manifests: UInt64)] {
        try session.all(
            """
            SELECT repository, namespace, path, count(*)
            FROM trash JOIN repositories ON id = repository WHERE repository > ?1
            GROUP BY repository ORDER BY repository LIMIT ?2
            """,
            .integer(number),
            .integer(Int64(limit)),
            read: CatalogView.counted
        ).compactMap { row in row.map { ($0.number, $0.key, $0.count) } }
    }

    private static func counted(
        _ row: Statement
    ) -> (number: Int64, key: RepositoryKey, count: UInt64)? {
        Identifier(bytes: row.blob(1)).map { namespace in
            let key = RepositoryKey(namespace: namespace, path: row.text(2))
            return (row.integer(0), key, UInt64(row.integer(3)))
        }
    }

    /// Up to `limit` repositories with a number greater than `after` that have tags which lost a value since a
    /// time, in milliseconds since 1970, that is not theirs again and whose manifest is there or in the trash,
    /// and how many.
    ///
    /// What was deleted and what was overwritten count alike, as `endedTags` lists them.
    public func repositoriesWithEndedTags(
        since: UInt64,
        after number: Int64,
        limit: Int
    ) throws(CatalogError) -> [(number: Int64, key: RepositoryKey, tags: UInt64)] {
        let earliest = Stamp(milliseconds: since, counter: 0, region: Identifier(high: 0, low: 0))
        return try session.all(
            """
            SELECT h.repository, namespace, path, count(DISTINCT h.name)
            FROM tag_history AS h JOIN repositories ON id = h.repository
            WHERE h.repository > ?1 AND h.stamp >= ?2 AND EXISTS (
                SELECT 1 FROM (
                    SELECT digest FROM tag_history
                    WHERE repository = h.repository AND name = h.name
                        AND (position, ordinal) < (h.position, h.ordinal)
                    ORDER BY position DESC, ordinal DESC LIMIT 1) AS was
                WHERE was.digest IS NOT h.digest
                    AND NOT EXISTS (SELECT 1 FROM tags AS t WHERE t.repository = h.repository
                        AND t.name = h.name AND t.digest = was.digest)
                    AND (EXISTS (SELECT 1 FROM manifests AS m
                            WHERE m.repository = h.repository AND m.digest = was.digest)
                        OR EXISTS (SELECT 1 FROM trash AS d
                            WHERE d.repository = h.repository AND d.digest = was.digest)))
            GROUP BY h.repository ORDER BY h.repository LIMIT ?3
            """,
            .integer(number),
            .stamp(earliest),
            .integer(Int64(limit)),
            read: CatalogView.counted
        ).compactMap { row in row.map { ($0.number, $0.key, $0.count) } }
    }

    /// Manifests in all trash.
    public func trashCount() throws(CatalogError) -> UInt64 {
        try session.first("SELECT count(*) FROM trash", read: { UInt64($0.integer(0)) }) ?? 0
    }

    private static func trashed(_ row: Statement) -> TrashedManifest? {
        guard let facts = ManifestFacts(stored: row.blob(0)),
            let stamp = Stamp(sortable: row.blob(3))
        else { return nil }
        return TrashedManifest(
            facts: facts,
            until: UInt64(row.integer(1)),
            position: UInt64(row.integer(2)),
            stamp: stamp
        )
    }
}
