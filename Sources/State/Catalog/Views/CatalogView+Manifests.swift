// SPDX-License-Identifier: Apache-2.0

import SQLite
public import Journal
public import OCI

/// A manifest's row.
public struct ManifestRow: Hashable, Sendable {
    /// What it is.
    public var facts: ManifestFacts
    /// Its greatest assertion.
    public var stamp: Stamp
}

extension CatalogView {
    /// A manifest of a repository.
    public func manifest(
        _ repository: Int64,
        _ digest: Digest
    ) throws(CatalogError) -> ManifestRow? {
        let row = try session.first(
            """
            SELECT media_type, artifact_type, subject, stamp, generation, size
            FROM manifests JOIN content USING (digest) WHERE repository = ?1 AND digest = ?2
            """,
            .integer(repository),
            .digest(digest),
            read: { row in
                (
                    row.text(0), row.isNull(1) ? nil : row.text(1),
                    row.isNull(2) ? nil : Digest(key: row.blob(2)), Stamp(sortable: row.blob(3)),
                    UInt64(row.integer(4)), UInt64(row.integer(5))
                )
            }
        )
        guard let row, let stamp = row.3 else { return nil }
        let facts = ManifestFacts(
            digest: digest,
            size: row.5,
            generation: Generation(row.4),
            mediaType: row.0,
            artifactType: row.1,
            subject: row.2,
            references: try references(repository, digest)
        )
        return ManifestRow(facts: facts, stamp: stamp)
    }

    /// What a manifest of a repository names, in the order of its entry.
    func references(
        _ repository: Int64,
        _ digest: Digest
    ) throws(CatalogError) -> [ManifestReference] {
        try session.all(
            """
            SELECT role, digest FROM manifest_references
            WHERE repository = ?1 AND manifest = ?2 ORDER BY ordinal
            """,
            .integer(repository),
            .digest(digest),
            read: { row in
                ReferenceRole(rawValue: UInt8(row.integer(0))).flatMap { role in
                    Digest(key: row.blob(1)).map { ManifestReference(role: role, digest: $0) }
                }
            }
        ).compactMap { $0 }
    }

    /// A manifest's type, generation and size, without what it names.
    public func manifestContent(
        _ repository: Int64,
        _ digest: Digest
    ) throws(CatalogError) -> (mediaType: String, content: ContentRow)? {
        try session.first(
            """
            SELECT media_type, generation, size FROM manifests JOIN content USING (digest)
            WHERE repository = ?1 AND digest = ?2
            """,
            .integer(repository),
            .digest(digest),
            read: { row in
                (
                    row.text(0),
                    ContentRow(
                        generation: Generation(UInt64(row.integer(1))),
                        size: UInt64(row.integer(2))
                    )
                )
            }
        )
    }

    /// How many things the manifests of a repository name, but at most `limit`.
    public func referenceCount(_ repository: Int64, limit: Int) throws(CatalogError) -> Int {
        try session.first(
            """
            SELECT count(*) FROM (
                SELECT 1 FROM manifest_references WHERE repository = ?1 LIMIT ?2)
            """,
            .integer(repository),
            .integer(Int64(limit)),
            read: { Int($0.integer(0)) }
        ) ?? 0
    }

    /// How many things a manifest names.
    public func referenceCount(_ repository: Int64, of manifest: Digest) throws(CatalogError) -> Int
    {
        try session.first(
            "SELECT count(*) FROM manifest_references WHERE repository = ?1 AND manifest = ?2",
            .integer(repository),
            .digest(manifest),
            read: { Int($0.integer(0)) }
        ) ?? 0
    }

    /// Digests of up to `limit` manifests of a repository greater than `after`.
    public func manifests(
        _ repository: Int64,
        after: Digest?,
        limit: Int
    ) throws(CatalogError) -> [Digest] {
        try session.all(
            """
            SELECT digest FROM manifests WHERE repository = ?1 AND digest > ?2
            ORDER BY digest LIMIT ?3
            """,
            .integer(repository),
            .blob(after?.key ?? []),
            .integer(Int64(limit)),
            read: { Digest(key: $0.blob(0)) }
        ).compactMap { $0 }
    }

    /// A manifest of the repository that names the digest as config, layer or child, if there is one.
    public func firstManifestNaming(
        _ repository: Int64,
        _ digest: Digest
    ) throws(CatalogError) -> Digest? {
        try session.first(
            """
            SELECT manifest FROM manifest_references INDEXED BY manifest_references_digest
            WHERE repository = ?1 AND digest = ?2 AND role <> ?3 ORDER BY manifest LIMIT 1
            """,
            .integer(repository),
            .digest(digest),
            .integer(Int64(ReferenceRole.external.rawValue)),
            read: { Digest(key: $0.blob(0)) }
        ).flatMap { $0 }
    }

    /// Up to `limit` manifests of the repository that name the digest as config, layer or child.
    public func manifestsNaming(
        _ repository: Int64,
        _ digest: Digest,
        limit: Int
    ) throws(CatalogError) -> [Digest] {
        try session.all(
            """
            SELECT DISTINCT manifest FROM manifest_references INDEXED BY manifest_references_digest
            WHERE repository = ?1 AND digest = ?2 AND role <> ?3 ORDER BY manifest LIMIT ?4
            """,
            .integer(repository),
            .digest(digest),
            .integer(Int64(ReferenceRole.external.rawValue)),
            .integer(Int64(limit)),
            read: { Digest(key: $0.blob(0)) }
        ).compactMap { $0 }
    }

    /// Up to `limit` manifests of a repository that no other one of it names.
    public func manifestsUnnamed(
        _ repository: Int64,
        limit: Int
    ) throws(CatalogError) -> [Digest] {
        try session.all(
            """
            SELECT digest FROM manifests WHERE repository = ?1 AND NOT EXISTS (
                SELECT 1 FROM manifest_references AS named INDEXED BY manifest_references_digest
                WHERE named.repository = ?1 AND named.digest = manifests.digest
                    AND named.role <> ?2)
            ORDER BY digest LIMIT ?3
            """,
            .integer(repository),
            .integer(Int64(ReferenceRole.external.rawValue)),
            .integer(Int64(limit)),
            read: { Digest(key: $0.blob(0)) }
        ).compactMap { $0 }
    }

    /// Up to `limit` manifests whose subject is the digest, greater than `after`; of one type if given.
    public func referrers(
        _ repository: Int64,
        of subject: Digest,
        artifactType: String? = nil,
        after: Digest?,
        limit: Int
    ) throws(CatalogError) -> [Digest] {
        try session.all(
            """
            SELECT digest FROM manifests
            WHERE repository = ?1 AND subject = ?2 AND digest > ?3
                AND (?4 IS NULL OR artifact_type = ?4) ORDER BY digest LIMIT ?5
            """,
            .integer(repository),
            .digest(subject),
            .blob(after?.key ?? []),
            .optional(artifactType),
            .integer(Int64(limit)),
            read: { Digest(key: $0.blob(0)) }
        ).compactMap { $0 }
    }
}
