// SPDX-License-Identifier: Apache-2.0

public import Journal
public import OCI
import Platform
import SQLite

/// Something of a repository that ends at a time.
public struct Due: Hashable, Sendable {
    /// The repository.
    public var repository: RepositoryKey
    /// The blob or manifest.
    public var digest: Digest
    /// When, in milliseconds since 1970; 0 where no entry said it yet.
    public var expires: UInt64
    /// Where the repository's rows are.
    var number: Int64
}

extension CatalogView {
    /// When a link ends, in milliseconds since 1970, 0 where no entry said it yet; nil for one that does
    /// not end by itself, or is not there.
    public func expiry(_ repository: Int64, _ digest: Digest) throws(CatalogError) -> UInt64? {
        try session.first(
            "SELECT expires FROM expiring WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest),
            read: { UInt64($0.integer(0)) }
        )
    }

    /// The time up to which what ends may have been ended; 0 before the first such entry.
    public func horizon() throws(CatalogError) -> UInt64 {
        try session.first(
            "SELECT expiry FROM horizons WHERE scope = 1",
            read: { UInt64($0.integer(0)) }
        ) ?? 0
    }

    /// Up to `limit` links that end by a time, earliest first, behind another of them.
    public func dueLinks(
        by time: UInt64,
        after last: Due? = nil,
        limit: Int
    ) throws(CatalogError) -> [Due] {
        try due(
            """
            SELECT namespace, path, digest, expires, repository
            FROM expiring INDEXED BY expiring_due JOIN repositories ON id = repository
            WHERE expires <= ?1 AND (expires, repository, digest) > (?3, ?4, ?5)
            ORDER BY expires, repository, digest LIMIT ?2
            """,
            by: time,
            after: last,
            limit
        )
    }

    /// Up to `limit` manifests that the trash keeps until a time at the latest, earliest first, behind another
    /// of them.
    public func dueTrash(
        by time: UInt64,
        after last: Due? = nil,
        limit: Int
    ) throws(CatalogError) -> [Due] {
        try due(
            """
            SELECT namespace, path, digest, until, repository
            FROM trash INDEXED BY trash_due JOIN repositories ON id = repository
            WHERE until <= ?1 AND (until, repository, digest) > (?3, ?4, ?5)
            ORDER BY until, repository, digest LIMIT ?2
            """,
            by: time,
            after: last,
            limit
        )
    }

    private func due(
        _ sql: String,
        by time: UInt64,
        after last: Due?,
        _ limit: Int
    ) throws(CatalogError) -> [Due] {
        try session.all(
            sql,
            .integer(Int64(clamping: time)),
            .integer(Int64(limit)),
            .integer(last.map { Int64(clamping: $0.expires) } ?? -1),
            .integer(last?.number ?? 0),
            last.map { Value.digest($0.digest) } ?? .blob([]),
            read: { row in
                guard let namespace = Identifier(bytes: row.blob(0)),
                    let digest = Digest(key: row.blob(2))
                else { return nil }
                return Due(
                    repository: RepositoryKey(namespace: namespace, path: row.text(1)),
                    digest: digest,
                    expires: UInt64(row.integer(3)),
                    number: row.integer(4)
                )
            }
        ).compactMap { $0 }
    }

    /// The name of a repository; nil for one whose namespace no entry named.
    public func name(of key: RepositoryKey) throws(CatalogError) -> RepositoryName? {
        guard let namespace = try name(of: key.namespace) else { return nil }
        if namespace == RepositoryName.canary.namespace { return .canary }
        return RepositoryName(key.path.isEmpty ? namespace : "\(namespace)/\(key.path)")
    }
}
