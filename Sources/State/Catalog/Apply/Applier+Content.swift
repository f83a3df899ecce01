// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI

extension Applier {
    /// A name more for a digest; the row keeps the generation it began with.
    ///
    /// Returns the size the catalog counts with, which is the first name's.
    func name(
        _ digest: Digest,
        size: UInt64,
        _ generation: Generation
    ) throws(CatalogError) -> Int64 {
        try session.first(
            """
            INSERT INTO content (digest, generation, size, names) VALUES (?1, ?2, ?3, 1)
            ON CONFLICT (digest) DO UPDATE SET names = names + 1 RETURNING size
            """,
            .digest(digest),
            .number(generation.number),
            .number(size),
            read: { $0.integer(0) }
        ) ?? 0
    }

    /// A name less; the row goes with the last.
    ///
    /// Returns the size.
    func unname(_ digest: Digest) throws(CatalogError) -> Int64 {
        let row = try session.first(
            "UPDATE content SET names = names - 1 WHERE digest = ?1 RETURNING size, names",
            .digest(digest),
            read: { (size: $0.integer(0), names: $0.integer(1)) }
        )
        guard let row else { return 0 }
        if row.names <= 0 {
            try session.run("DELETE FROM content WHERE digest = ?1", .digest(digest))
        }
        return row.size
    }

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
