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

extension Applier {
    /// A name more for a digest; the row keeps the generation it began with.
    func name(
        _ digest: Digest,
        size: UInt64,
        _ generation: Generation
    ) throws(CatalogError) {
        try session.run(
            """
            INSERT INTO content (digest, generation, size, names) VALUES (?1, ?2, ?3, 1)
            ON CONFLICT (digest) DO UPDATE SET names = names + 1
            """,
            .digest(digest),
            .number(generation.number),
            .number(size)
        )
    }

    /// A name less; the row goes with the last.
    ///
    /// Returns the size.
    func unname(_ digest: Digest) throws(CatalogError) -> Int64 {
        let size =
            try session.first(
                "SELECT size FROM content WHERE digest = ?1",
                .digest(digest),
                read: { $0.integer(0) }
            ) ?? 0
        try session.run("UPDATE content SET names = names - 1 WHERE digest = ?1", .digest(digest))
        try session.run("DELETE FROM content WHERE digest = ?1 AND names <= 0", .digest(digest))
        return size
    }

    func size(of digest: Digest) throws(CatalogError) -> Int64 {
        try session.first(
            "SELECT size FROM content WHERE digest = ?1",
            .digest(digest),
            read: { $0.integer(0) }
        ) ?? 0
    }

    /// The repository may see a blob.
    func link(
        _ repository: Int64,
        _ digest: Digest,
        size: UInt64,
        _ generation: Generation
    ) throws(CatalogError) {
        guard try !isBuried(.link, repository, digest.key) else { return }
        let raised = try session.run(
            "UPDATE links SET stamp = max(stamp, ?1) WHERE repository = ?2 AND digest = ?3",
            .stamp(entry.stamp),
            .integer(repository),
            .digest(digest)
        )
        guard raised == 0 else { return }
        try session.run(
            "INSERT INTO links (repository, digest, stamp) VALUES (?1, ?2, ?3)",
            .integer(repository),
            .digest(digest),
            .stamp(entry.stamp)
        )
        try name(digest, size: size, generation)
        try count(repository, blobs: 1, bytes: try self.size(of: digest))
    }

    /// The repository no longer sees a blob, unless something newer says it does.
    func unlink(_ repository: Int64, _ digest: Digest) throws(CatalogError) {
        let row = try session.first(
            """
            SELECT content.size, content.generation FROM links JOIN content USING (digest)
            WHERE repository = ?1 AND links.digest = ?2 AND stamp < ?3
            """,
            .integer(repository),
            .digest(digest),
            .stamp(entry.stamp),
            read: { (UInt64($0.integer(0)), UInt64($0.integer(1))) }
        )
        try bury(.link, repository, digest.key)
        guard let row, try !isAsserted(digest, repository) else { return }
        try keep(
            .link,
            repository,
            digest.key,
            size: row.0,
            generation: row.1
        )
        try session.run(
            "DELETE FROM links WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest)
        )
        try count(repository, blobs: -1, bytes: -(try unname(digest)))
    }

    /// Whether a live manifest with a greater stamp than this entry's names the digest.
    func isAsserted(_ digest: Digest, _ repository: Int64) throws(CatalogError) -> Bool {
        try session.first(
            """
            SELECT 1 FROM manifest_references JOIN manifests
                ON manifests.repository = manifest_references.repository
                AND manifests.digest = manifest_references.manifest
            WHERE manifest_references.repository = ?1 AND manifest_references.digest = ?2
                AND manifests.stamp > ?3 LIMIT 1
            """,
            .integer(repository),
            .digest(digest),
            .stamp(entry.stamp),
            read: { _ in true }
        )
            ?? false
    }

    /// Whether something newer than this entry ended what it would put; an older end is forgotten.
    func isBuried(
        _ kind: Buried,
        _ repository: Int64,
        _ key: [UInt8]
    ) throws(CatalogError) -> Bool {
        let isNewer = try session.first(
            "SELECT stamp > ?4 FROM tombstones WHERE kind = ?1 AND repository = ?2 AND key = ?3",
            .integer(kind.rawValue),
            .integer(repository),
            .blob(key),
            .stamp(entry.stamp),
            read: { $0.integer(0) != 0 }
        )
        guard let isNewer, !isNewer else { return isNewer ?? false }
        try session.run(
            "DELETE FROM tombstones WHERE kind = ?1 AND repository = ?2 AND key = ?3",
            .integer(kind.rawValue),
            .integer(repository),
            .blob(key)
        )
        return false
    }

    /// Remembers that this entry ended something.
    func bury(_ kind: Buried, _ repository: Int64, _ key: [UInt8]) throws(CatalogError) {
        try session.run(
            """
            INSERT INTO tombstones (kind, repository, key, stamp) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET stamp = max(stamp, excluded.stamp)
            """,
            .integer(kind.rawValue),
            .integer(repository),
            .blob(key),
            .stamp(entry.stamp)
        )
    }

    /// Keeps with the tombstone of a link what a later assertion needs to bring it back.
    private func keep(
        _ kind: Buried,
        _ repository: Int64,
        _ key: [UInt8],
        size: UInt64,
        generation: UInt64
    ) throws(CatalogError) {
        var kept: [UInt8] = []
        for number in [size, generation] {
            for shift in stride(from: 56, through: 0, by: -8) {
                kept.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
            }
        }
        try session.run(
            "UPDATE tombstones SET event = ?4 WHERE kind = ?1 AND repository = ?2 AND key = ?3",
            .integer(kind.rawValue),
            .integer(repository),
            .blob(key),
            .blob(kept)
        )
    }

    /// Brings back a link that an older delete ended.
    func revive(link digest: Digest, _ repository: Int64) throws(CatalogError) {
        let kept = try session.first(
            """
            SELECT event FROM tombstones
            WHERE kind = 1 AND repository = ?1 AND key = ?2 AND stamp < ?3 AND event IS NOT NULL
            """,
            .integer(repository),
            .digest(digest),
            .stamp(entry.stamp),
            read: { $0.blob(0) }
        )
        guard let kept, kept.count == 16 else { return }
        let numbers = [kept[..<8], kept[8...]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        try link(repository, digest, size: numbers[0], Generation(numbers[1]))
    }
}
