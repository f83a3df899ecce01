// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import SQLite

// What is in the trash has names of its own on its bytes and on the blobs it names, so that neither the end
// of a link nor a sweep takes from it. Of what other manifests name, each keeps its own.

extension Applier {
    /// The repository no longer has a manifest, unless something newer names it; its trash keeps it.
    func trash(
        _ digest: Digest,
        in repository: Int64,
        until: UInt64,
        linksUntil: UInt64
    ) throws(CatalogError) {
        guard let row = try CatalogView(session).manifest(repository, digest) else {
            return try deleteManifest(digest, in: repository, linksUntil: linksUntil)
        }
        // First the trash's names, so that nothing is without one in between.
        try purge(digest, from: repository)
        try insertTrash(row.facts, repository, until: until)
        try deleteManifest(digest, in: repository, linksUntil: linksUntil)
        let isLive = try CatalogView(session).manifestContent(repository, digest) != nil
        if isLive { try purge(digest, from: repository) }
    }

    /// The trash lets go of a manifest, and of what it kept for it.
    func purge(_ digest: Digest, from repository: Int64) throws(CatalogError) {
        let removed = try session.run(
            "DELETE FROM trash WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest)
        )
        guard removed > 0 else { return }
        let blobs = try session.all(
            """
            SELECT digest FROM trash_blobs WHERE repository = ?1 AND manifest = ?2 ORDER BY digest
            """,
            .integer(repository),
            .digest(digest),
            read: { Digest(key: $0.blob(0)) }
        ).compactMap { $0 }
        try session.run(
            "DELETE FROM trash_blobs WHERE repository = ?1 AND manifest = ?2",
            .integer(repository),
            .digest(digest)
        )
        for blob in blobs { _ = try unname(blob) }
        _ = try unname(digest)
        if try CatalogView(session).manifestContent(repository, digest) == nil {
            try session.run(
                "DELETE FROM pulls WHERE repository = ?1 AND digest = ?2",
                .integer(repository),
                .digest(digest)
            )
        }
    }

    private func insertTrash(
        _ facts: ManifestFacts,
        _ repository: Int64,
        until: UInt64
    ) throws(CatalogError) {
        try session.run(
            """
            INSERT INTO trash (repository, digest, until, position, stamp, subject, facts)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """,
            .integer(repository),
            .digest(facts.digest),
            .number(until),
            .number(position),
            .stamp(entry.stamp),
            .optional(facts.subject),
            .blob(facts.stored)
        )
        _ = try name(facts.digest, size: facts.size, facts.generation)
        for reference in facts.references where reference.role.isBlob {
            // What has no row cannot be kept.
            guard let row = try CatalogView(session).content(reference.digest) else { continue }
            let isNew = try session.run(
                """
                INSERT INTO trash_blobs (repository, manifest, digest) VALUES (?1, ?2, ?3)
                ON CONFLICT DO NOTHING
                """,
                .integer(repository),
                .digest(facts.digest),
                .digest(reference.digest)
            )
            if isNew > 0 { _ = try name(reference.digest, size: row.size, row.generation) }
        }
    }
}
