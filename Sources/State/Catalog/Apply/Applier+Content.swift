// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI

#if SABOTAGE
import Platform
#endif

extension Applier {
    /// A name more for a digest; the row keeps the generation it began with.
    ///
    /// Returns the size the catalog counts with, which is the first name's.
    func name(
        _ digest: Digest,
        size: UInt64,
        _ generation: Generation
    ) throws(CatalogError) -> Int64 {
        try session.run(
            """
            INSERT INTO content (digest, generation, size, names) VALUES (?1, ?2, ?3, 1)
            ON CONFLICT (digest) DO UPDATE SET names = names + 1
            """,
            .digest(digest),
            .number(generation.number),
            .number(size)
        )
        guard let row = try contentRow(digest) else { return 0 }
        #if SABOTAGE
        if Sabotage.makes("replaysDeletesOfOldEntries") { return row.size }
        #endif
        if row.names == 1 {
            try session.run(
                "DELETE FROM unnamed WHERE digest = ?1 AND generation = ?2",
                .digest(digest),
                .number(generation.number)
            )
        }
        return row.size
    }

    /// A name less; the row goes with the last, and what it leaves is noted for the sweep.
    ///
    /// Returns the size.
    func unname(_ digest: Digest) throws(CatalogError) -> Int64 {
        guard let row = try contentRow(digest) else { return 0 }
        guard row.names <= 1 else {
            try session.run(
                "UPDATE content SET names = names - 1 WHERE digest = ?1",
                .digest(digest)
            )
            return row.size
        }
        try session.run("DELETE FROM content WHERE digest = ?1", .digest(digest))
        try session.run(
            """
            INSERT OR REPLACE INTO unnamed (digest, generation, size, epoch, position)
            VALUES (?1, ?2, ?3, ?4, ?5)
            """,
            .digest(digest),
            .integer(row.generation),
            .integer(row.size),
            .number(try CatalogView(session).epoch().number),
            .number(position)
        )
        return row.size
    }

    private func contentRow(
        _ digest: Digest
    ) throws(CatalogError) -> (size: Int64, names: Int64, generation: Int64)? {
        try session.first(
            "SELECT size, names, generation FROM content WHERE digest = ?1",
            .digest(digest),
            read: { (size: $0.integer(0), names: $0.integer(1), generation: $0.integer(2)) }
        )
    }

    /// The epoch rises, and notes that every holder has had time to act on are forgotten.
    ///
    /// The oldest `forgottenMax` of them, so that no entry is too large to be applied, whatever ended in one
    /// epoch. The next one goes on.
    func raise(epoch: UInt64) throws(CatalogError) {
        try session.run("UPDATE marks SET epoch = max(epoch, ?1) WHERE scope = 1", .number(epoch))
        guard epoch > Applier.epochsNoted else { return }
        try session.run(
            """
            DELETE FROM unnamed WHERE (digest, generation) IN (
                SELECT digest, generation FROM unnamed INDEXED BY unnamed_since
                WHERE epoch < ?1 ORDER BY epoch, position, digest, generation LIMIT ?2)
            """,
            .number(epoch - Applier.epochsNoted),
            .integer(Applier.forgottenMax)
        )
    }

    /// Epochs for which it is noted what lost its last name; a holder that slept longer lists all it has.
    static let epochsNoted: UInt64 = 64
    /// Notes that one entry forgets, at most: with each on a page of its own it writes 200 MiB.
    private static let forgottenMax: Int64 = 50_000

    /// Adds to a repository's counts.
    func count(
        _ repository: Int64,
        manifests: Int64 = 0,
        blobs: Int64 = 0,
        tags: Int64 = 0,
        bytes: Int64 = 0
    ) throws(CatalogError) {
        if bytes > 0 {
            let before =
                try session.first(
                    "SELECT bytes FROM repositories WHERE id = ?1",
                    .integer(repository),
                    read: { $0.integer(0) }
                ) ?? 0
            guard !before.addingReportingOverflow(bytes).overflow else {
                throw .poison("a repository would have more than 2^63 bytes")
            }
        }
        try session.run(
            """
            UPDATE repositories SET manifests = manifests + ?1, blobs = blobs + ?2,
                tags = tags + ?3, bytes = bytes + ?4 WHERE id = ?5
            """,
            .integer(manifests),
            .integer(blobs),
            .integer(tags),
            .integer(bytes),
            .integer(repository)
        )
    }
}
