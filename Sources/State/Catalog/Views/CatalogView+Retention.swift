// SPDX-License-Identifier: Apache-2.0

public import Journal
public import OCI
public import Platform
import SQLite

/// What retention knows of a manifest.
public struct RetentionRow: Hashable, Sendable {
    /// What it is.
    public var facts: ManifestFacts
    /// Its tags; at most as many as were asked for.
    public var tags: [Tag]
    /// When it was last pushed or tagged.
    public var stamp: Stamp
    /// The same in milliseconds since 1970.
    public var pushed: UInt64 { stamp.milliseconds }
    /// When its last tag went, or it came without one; nil while it has a tag.
    public var untagged: UInt64?
    /// The day of its last pull, from 1970-01-01 UTC; nil where none is known.
    public var pulled: UInt32?
}

extension CatalogView {
    /// Up to `limit` manifests of a repository greater than `after`, each with up to `tagsMax` tags.
    public func retentionRows(
        _ repository: Int64,
        after: Digest?,
        limit: Int,
        tagsMax: Int
    ) throws(CatalogError) -> [RetentionRow] {
        var rows: [RetentionRow] = []
        for digest in try manifests(repository, after: after, limit: limit) {
            guard let row = try retentionRow(repository, digest, tagsMax: tagsMax) else { continue }
            rows.append(row)
        }
        return rows
    }

    /// What retention knows of one manifest.
    public func retentionRow(
        _ repository: Int64,
        _ digest: Digest,
        tagsMax: Int
    ) throws(CatalogError) -> RetentionRow? {
        guard let manifest = try manifest(repository, digest) else { return nil }
        return RetentionRow(
            facts: manifest.facts,
            tags: try tags(repository, of: digest, limit: tagsMax),
            stamp: manifest.stamp,
            untagged: try session.first(
                "SELECT since FROM untagged WHERE repository = ?1 AND digest = ?2",
                .integer(repository),
                .digest(digest),
                read: { UInt64($0.integer(0)) }
            ),
            pulled: try lastPulled(repository, digest)
        )
    }

    /// The day of a manifest's last pull, from 1970-01-01 UTC; nil where none is known.
    public func lastPulled(_ repository: Int64, _ digest: Digest) throws(CatalogError) -> UInt32? {
        try session.first(
            "SELECT day FROM pulls WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest),
            read: { UInt32(truncatingIfNeeded: $0.integer(0)) }
        )
    }

    /// The policy of a namespace, as it was set; nil for none.
    public func retentionPolicy(of namespace: Identifier) throws(CatalogError) -> String? {
        try session.first(
            "SELECT policy FROM retention_policies WHERE namespace = ?1 AND policy <> ''",
            .id(namespace),
            read: { $0.text(0) }
        )
    }

    /// Up to `limit` namespaces greater than `after` that have a policy, with it.
    public func retentionPolicies(
        after: Identifier?,
        limit: Int
    ) throws(CatalogError) -> [(namespace: Identifier, policy: String)] {
        try session.all(
            """
            SELECT namespace, policy FROM retention_policies
            WHERE namespace > ?1 AND policy <> '' ORDER BY namespace LIMIT ?2
            """,
            .blob(after?.bytes ?? []),
            .integer(Int64(limit)),
            read: { row in Identifier(bytes: row.blob(0)).map { ($0, row.text(1)) } }
        ).compactMap { $0 }
    }

    /// Up to `limit` repositories of a namespace with anything in them, with a path greater than `after`,
    /// nil for all.
    public func repositories(
        in namespace: Identifier,
        after: String?,
        limit: Int
    ) throws(CatalogError) -> [RepositoryRow] {
        let beyond = after == nil ? ">=" : ">"
        let paths = try session.all(
            """
            SELECT path FROM repositories
            WHERE namespace = ?1 AND manifests > 0 AND path \(beyond) ?2
            ORDER BY path LIMIT ?3
            """,
            .id(namespace),
            .text(after ?? ""),
            .integer(Int64(limit)),
            read: { $0.text(0) }
        )
        var rows: [RepositoryRow] = []
        for path in paths {
            let key = RepositoryKey(namespace: namespace, path: path)
            if let row = try repository(key) { rows.append(row) }
        }
        return rows
    }
}
