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
}

/// A page of what is due.
public struct DuePage: Hashable, Sendable {
    /// What can be read of it, earliest first.
    public var due: [Due] = []
    /// What is said of its rows that cannot be read; nil where there are none.
    public var unreadable: String?
    /// Behind what the next page begins; nil where there is none.
    public var next: DuePlace?
}

/// The row of something that is due, whether it can be read or not.
public struct DuePlace: Hashable, Sendable {
    var expires: Int64
    var number: Int64
    var digest: [UInt8]
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
        after last: DuePlace? = nil,
        limit: Int
    ) throws(CatalogError) -> DuePage {
        try due(
            "expiring",
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
        after last: DuePlace? = nil,
        limit: Int
    ) throws(CatalogError) -> DuePage {
        try due(
            "trash",
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
        _ table: String,
        _ sql: String,
        by time: UInt64,
        after last: DuePlace?,
        _ limit: Int
    ) throws(CatalogError) -> DuePage {
        let rows = try session.all(
            sql,
            .integer(Int64(clamping: time)),
            .integer(Int64(limit)),
            .integer(last?.expires ?? .min),
            .integer(last?.number ?? 0),
            .blob(last?.digest ?? []),
            read: { row -> (place: DuePlace, due: Due?) in
                let place = DuePlace(
                    expires: row.integer(3),
                    number: row.integer(4),
                    digest: row.blob(2)
                )
                guard let namespace = Identifier(bytes: row.blob(0)),
                    let digest = Digest(key: place.digest),
                    let expires = UInt64(exactly: place.expires)
                else { return (place, nil) }
                let key = RepositoryKey(namespace: namespace, path: row.text(1))
                return (place, Due(repository: key, digest: digest, expires: expires))
            }
        )
        var page = DuePage(due: rows.compactMap(\.due))
        if let first = rows.first(where: { $0.due == nil }) {
            page.unreadable =
                "at least \(rows.count - page.due.count) of the rows of '\(table)' that are due cannot be read, the first at "
                + "\(first.place.expires) of repository \(first.place.number); run 'breakwater catalog rebuild'"
        }
        if rows.count == limit { page.next = rows.last?.place }
        return page
    }

    /// The name of a repository; nil for one whose namespace no entry named.
    public func name(of key: RepositoryKey) throws(CatalogError) -> RepositoryName? {
        guard let namespace = try name(of: key.namespace) else { return nil }
        if namespace == RepositoryName.canary.namespace { return .canary }
        return RepositoryName(key.path.isEmpty ? namespace : "\(namespace)/\(key.path)")
    }
}
