// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI

extension Applier {
    /// The repository has a manifest, and with it everything the manifest names, unless something
    /// newer ended that.
    func put(_ facts: ManifestFacts, in repository: Int64) throws(CatalogError) {
        var stamp = max(entry.stamp, try newestTag(of: facts.digest, repository) ?? entry.stamp)
        if try raiseManifest(facts.digest, repository, to: stamp) {
            guard try hasNamedTombstones(repository) else { return }
            try assert(facts.references, repository, at: stamp, .namer)
            return
        }
        if let end = try tombstone(.manifest, repository, facts.digest.key), end.stamp > stamp {
            let namer = try newestNamer(facts.digest, .manifest, repository)
            stamp = max(stamp, namer ?? stamp)
            guard end.stamp <= stamp else {
                if end.kept == nil {
                    try keep(
                        facts.stored,
                        named: namer != nil,
                        .manifest,
                        repository,
                        facts.digest.key
                    )
                }
                try assert(facts.references, repository, at: stamp, .nobody)
                return
            }
        }
        try insert(facts, repository, at: stamp)
        try assert(facts.references, repository, at: stamp, .namer)
    }

    private func assert(
        _ references: [ManifestReference],
        _ repository: Int64,
        at stamp: Stamp,
        _ holder: Holder
    ) throws(CatalogError) {
        var assertion = Assertion(at: stamp)
        assertion.names(references, holder)
        try follow(assertion, repository)
    }

    /// The repository no longer has a manifest, unless something newer names it.
    ///
    /// Links that it alone named end at `linksUntil`.
    func deleteManifest(
        _ digest: Digest,
        in repository: Int64,
        linksUntil: UInt64
    ) throws(CatalogError) {
        let row = try CatalogView(session).manifest(repository, digest)
        try bury(.manifest, repository, digest.key)
        guard let row, row.stamp < entry.stamp else { return }
        let namer = try newestNamer(digest, .manifest, repository)
        guard namer.map({ $0 < entry.stamp }) ?? true else { return }
        try keep(row.facts.stored, named: namer != nil, .manifest, repository, digest.key)
        // What it asserted stays asserted when it is gone.
        let asserted = max(row.stamp, namer ?? row.stamp)
        for reference in row.facts.references {
            switch reference.role {
            case .config, .layer: _ = try raiseLink(reference.digest, repository, to: asserted)
            case .child: _ = try raiseManifest(reference.digest, repository, to: asserted)
            case .external: break
            }
        }
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
        try forgetUntagged(digest, repository)
        try settleExpiry(of: row.facts.references, repository, linksUntil)
        try count(repository, manifests: -1, bytes: -(try unname(digest)))
        try unmarkNamed(row.facts.references, repository)
    }

    /// Makes a manifest's rows; what it names is to be asserted next.
    func insert(
        _ facts: ManifestFacts,
        _ repository: Int64,
        at stamp: Stamp
    ) throws(CatalogError) {
        try exhume(.manifest, repository, facts.digest.key)
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
            .stamp(stamp)
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
        let size = try name(facts.digest, size: facts.size, facts.generation)
        try count(repository, manifests: 1, bytes: size)
        try endExpiry(of: facts.references, repository)
        try noteUntagged(facts.digest, repository)
        try purge(facts.digest, from: repository)
    }

    /// Makes a manifest at least this new; false when there is none.
    func raiseManifest(
        _ digest: Digest,
        _ repository: Int64,
        to stamp: Stamp
    ) throws(CatalogError) -> Bool {
        try session.run(
            "UPDATE manifests SET stamp = max(stamp, ?1) WHERE repository = ?2 AND digest = ?3",
            .stamp(stamp),
            .integer(repository),
            .digest(digest)
        ) > 0
    }

    /// The newest tag that is a digest; of use when the tag came before its manifest.
    private func newestTag(
        of digest: Digest,
        _ repository: Int64
    ) throws(CatalogError) -> Stamp? {
        try session.first(
            """
            SELECT max(stamp) FROM tags INDEXED BY tags_digest
            WHERE repository = ?1 AND digest = ?2
            """,
            .integer(repository),
            .digest(digest),
            read: { Stamp(sortable: $0.blob(0)) }
        ).flatMap { $0 }
    }
}
