// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI

extension Applier {
    /// The repository has a manifest, and with it everything the manifest names.
    func put(_ facts: ManifestFacts, in repository: Int64) throws(CatalogError) {
        guard try !isBuried(.manifest, repository, facts.digest.key) else { return }
        for reference in facts.references { try assert(reference, repository) }
        let raised = try session.run(
            "UPDATE manifests SET stamp = max(stamp, ?1) WHERE repository = ?2 AND digest = ?3",
            .stamp(entry.stamp),
            .integer(repository),
            .digest(facts.digest)
        )
        guard raised == 0 else { return }
        try session.run(
            """
            INSERT INTO manifests (repository, digest, media_type, artifact_type, subject, stamp)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """,
            .integer(repository),
            .digest(facts.digest),
            .text(facts.mediaType),
            .optional(facts.artifactType),
            .optional(facts.subject),
            .stamp(entry.stamp)
        )
        for (ordinal, reference) in facts.references.enumerated() {
            try session.run(
                """
                INSERT INTO manifest_references (repository, manifest, ordinal, role, digest)
                VALUES (?1, ?2, ?3, ?4, ?5)
                """,
                .integer(repository),
                .digest(facts.digest),
                .integer(Int64(ordinal)),
                .integer(Int64(reference.role.rawValue)),
                .digest(reference.digest)
            )
        }
        try name(facts.digest, size: facts.size, facts.generation)
        try count(repository, manifests: 1, bytes: try size(of: facts.digest))
    }

    /// What a manifest names is as new as the manifest, and comes back when something older ended it.
    private func assert(
        _ reference: ManifestReference,
        _ repository: Int64
    ) throws(CatalogError) {
        switch reference.role {
        case .config, .layer:
            let raised = try session.run(
                "UPDATE links SET stamp = max(stamp, ?1) WHERE repository = ?2 AND digest = ?3",
                .stamp(entry.stamp),
                .integer(repository),
                .digest(reference.digest)
            )
            if raised == 0 { try revive(link: reference.digest, repository) }
        case .child: try assertManifest(reference.digest, repository)
        case .external: break
        }
    }

    /// A manifest is as new as what names it.
    func assertManifest(_ digest: Digest, _ repository: Int64) throws(CatalogError) {
        let raised = try session.run(
            "UPDATE manifests SET stamp = max(stamp, ?1) WHERE repository = ?2 AND digest = ?3",
            .stamp(entry.stamp),
            .integer(repository),
            .digest(digest)
        )
        guard raised == 0 else { return }
        let kept = try session.first(
            """
            SELECT event FROM tombstones
            WHERE kind = 2 AND repository = ?1 AND key = ?2 AND stamp < ?3 AND event IS NOT NULL
            """,
            .integer(repository),
            .digest(digest),
            .stamp(entry.stamp),
            read: { $0.blob(0) }
        )
        guard let kept, let facts = ManifestFacts(stored: kept) else { return }
        try put(facts, in: repository)
    }

    /// The repository no longer has a manifest, unless something newer names it.
    func deleteManifest(_ digest: Digest, in repository: Int64) throws(CatalogError) {
        let view = CatalogView(session)
        let facts = try view.manifest(repository, digest)
        try bury(.manifest, repository, digest.key)
        guard let facts, facts.stamp < entry.stamp, try !isNamed(digest, repository) else {
            return
        }
        try session.run(
            "UPDATE tombstones SET event = ?3 WHERE kind = 2 AND repository = ?1 AND key = ?2",
            .integer(repository),
            .digest(digest),
            .blob(facts.facts.stored)
        )
        try session.run(
            "DELETE FROM manifest_references WHERE repository = ?1 AND manifest = ?2",
            .integer(repository),
            .digest(digest)
        )
        try session.run(
            "DELETE FROM manifests WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest)
        )
        try count(repository, manifests: -1, bytes: -(try unname(digest)))
    }

    private func isNamed(_ digest: Digest, _ repository: Int64) throws(CatalogError) -> Bool {
        if try isAsserted(digest, repository) { return true }
        return try session.first(
            "SELECT 1 FROM tags WHERE repository = ?1 AND digest = ?2 AND stamp > ?3 LIMIT 1",
            .integer(repository),
            .digest(digest),
            .stamp(entry.stamp),
            read: { _ in true }
        )
            ?? false
    }
}
