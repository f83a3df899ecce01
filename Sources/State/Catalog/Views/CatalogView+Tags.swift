// SPDX-License-Identifier: Apache-2.0

import SQLite
public import Journal
public import OCI
import Platform

/// One value a tag had.
public struct TagValue: Hashable, Sendable {
    /// The digest; nil when the tag was deleted.
    public var digest: Digest?
    /// The stamp it was given.
    public var stamp: Stamp
    /// Where that stands in the region journal here.
    public var position: UInt64
    /// Which of its entry's events it was.
    public var ordinal: UInt64
}

extension CatalogView {
    /// What a tag is.
    public func tag(_ repository: Int64, _ tag: Tag) throws(CatalogError) -> Digest? {
        try session.first(
            "SELECT digest FROM tags WHERE repository = ?1 AND name = ?2",
            .integer(repository),
            .text(tag.description),
            read: { Digest(key: $0.blob(0)) }
        ).flatMap { $0 }
    }

    /// Up to `limit` tags greater than `after`, which need not be a tag.
    public func tags(
        _ repository: Int64,
        after: String,
        limit: Int
    ) throws(CatalogError) -> [Tag] {
        try session.all(
            """
            SELECT name FROM tags WHERE repository = ?1 AND name > ?2 ORDER BY name LIMIT ?3
            """,
            .integer(repository),
            .text(after),
            .integer(Int64(limit)),
            read: { Tag($0.text(0)) }
        ).compactMap { $0 }
    }

    /// Up to `limit` tags of a digest greater than `after`.
    public func tags(
        _ repository: Int64,
        of digest: Digest,
        after: String = "",
        limit: Int
    ) throws(CatalogError) -> [Tag] {
        try session.all(
            """
            SELECT name FROM tags WHERE repository = ?1 AND digest = ?2 AND name > ?3
            ORDER BY name LIMIT ?4
            """,
            .integer(repository),
            .digest(digest),
            .text(after),
            .integer(Int64(limit)),
            read: { Tag($0.text(0)) }
        ).compactMap { $0 }
    }

    /// Up to `limit` tags greater than `after` that were deleted since a time, in milliseconds since 1970, and
    /// are not back.
    public func deletedTags(
        _ repository: Int64,
        since: UInt64,
        after: String,
        limit: Int
    ) throws(CatalogError) -> [Tag] {
        let earliest = Stamp(milliseconds: since, counter: 0, region: Identifier(high: 0, low: 0))
        return try session.all(
            """
            SELECT CAST(key AS TEXT) FROM tombstones
            WHERE kind = ?1 AND repository = ?2 AND key > ?3 AND stamp >= ?4 ORDER BY key LIMIT ?5
            """,
            .integer(Buried.tag.rawValue),
            .integer(repository),
            .blob(Array(after.utf8)),
            .stamp(earliest),
            .integer(Int64(limit)),
            read: { Tag($0.text(0)) }
        ).compactMap { $0 }
    }

    /// Up to `limit` values a tag had, newest first, from the one before an event's place.
    public func history(
        _ repository: Int64,
        _ tag: Tag,
        before place: (position: UInt64, ordinal: UInt64)? = nil,
        limit: Int
    ) throws(CatalogError) -> [TagValue] {
        try session.all(
            """
            SELECT digest, stamp, position, ordinal FROM tag_history
            WHERE repository = ?1 AND name = ?2 AND (position, ordinal) < (?3, ?4)
            ORDER BY position DESC, ordinal DESC LIMIT ?5
            """,
            .integer(repository),
            .text(tag.description),
            .integer(Int64(clamping: place?.position ?? .max)),
            .integer(Int64(clamping: place?.ordinal ?? .max)),
            .integer(Int64(limit)),
            read: { row in
                Stamp(sortable: row.blob(1)).map { stamp in
                    TagValue(
                        digest: row.isNull(0) ? nil : Digest(key: row.blob(0)),
                        stamp: stamp,
                        position: UInt64(row.integer(2)),
                        ordinal: UInt64(row.integer(3))
                    )
                }
            }
        ).compactMap { $0 }
    }
}
