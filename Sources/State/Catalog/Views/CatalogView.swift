// SPDX-License-Identifier: Apache-2.0

import SQLite
public import Journal
public import OCI
public import Platform

/// What can be asked of the catalog at one position: of a snapshot, or inside an open change.
///
/// Valid only inside the call it was handed to. Lists are bounded by the caller and in byte order.
public struct CatalogView: Sendable {
    let session: Session

    init(_ session: Session) {
        self.session = session
    }

    /// The heads of both journals.
    public func heads() throws(CatalogError) -> Heads {
        var heads = Heads(region: .empty, estate: .empty)
        let rows = try session.all(
            "SELECT scope, incarnation, position, chain FROM heads ORDER BY scope",
            read: { row in
                (
                    Scope(rawValue: UInt8(row.integer(0))),
                    Head(
                        incarnation: UInt32(row.integer(1)),
                        position: UInt64(row.integer(2)),
                        chain: row.blob(3)
                    )
                )
            }
        )
        for case (let scope?, let head) in rows { heads[scope] = head }
        return heads
    }

    /// The greatest stamp any entry of any journal had.
    public func greatestStamp() throws(CatalogError) -> Stamp? {
        try session.first("SELECT max(stamp) FROM marks", read: { Stamp(sortable: $0.blob(0)) })
            .flatMap { $0 }
    }

    /// The level a journal's entries may use.
    public func level(_ scope: Scope) throws(CatalogError) -> UInt32 {
        try session.first(
            "SELECT level FROM marks WHERE scope = ?1",
            .integer(Int64(scope.rawValue)),
            read: { UInt32($0.integer(0)) }
        ) ?? 1
    }

    /// The sweep epoch.
    public func epoch() throws(CatalogError) -> Generation {
        Generation(
            try session.first(
                "SELECT epoch FROM marks WHERE scope = 1",
                read: { UInt64($0.integer(0)) }
            )
                ?? Generation.first.number
        )
    }

    /// The id of a namespace.
    public func namespace(named name: String) throws(CatalogError) -> Identifier? {
        try session.first(
            "SELECT id FROM namespaces WHERE name = ?1",
            .text(name),
            read: { Identifier(bytes: $0.blob(0)) }
        ).flatMap { $0 }
    }

    /// The name of a namespace.
    public func name(of namespace: Identifier) throws(CatalogError) -> String? {
        try session.first(
            "SELECT name FROM namespaces WHERE id = ?1",
            .id(namespace),
            read: { $0.text(0) }
        )
    }

    /// Where a repository's rows are, or nil when no entry ever named it.
    public func repository(_ name: RepositoryName) throws(CatalogError) -> RepositoryRow? {
        guard let namespace = try namespace(named: name.namespace) else { return nil }
        return try repository(RepositoryKey(namespace: namespace, path: name.path))
    }

    /// Where a repository's rows are, by its key.
    public func repository(_ key: RepositoryKey) throws(CatalogError) -> RepositoryRow? {
        try session.first(
            """
            SELECT id, manifests, blobs, tags, bytes FROM repositories
            WHERE namespace = ?1 AND path = ?2
            """,
            .id(key.namespace),
            .text(key.path),
            read: { row in
                RepositoryRow(
                    number: row.integer(0),
                    key: key,
                    manifests: UInt64(row.integer(1)),
                    blobs: UInt64(row.integer(2)),
                    tags: UInt64(row.integer(3)),
                    bytes: UInt64(row.integer(4))
                )
            }
        )
    }

    /// What the catalog knows of a digest that something names.
    public func content(_ digest: Digest) throws(CatalogError) -> ContentRow? {
        try session.first(
            "SELECT generation, size FROM content WHERE digest = ?1",
            .digest(digest),
            read: { row in
                ContentRow(
                    generation: Generation(UInt64(row.integer(0))),
                    size: UInt64(row.integer(1))
                )
            }
        )
    }

    /// Up to `limit` digests that something names, greater than `after`, with their rows.
    public func contents(
        after: Digest?,
        limit: Int
    ) throws(CatalogError) -> [(Digest, ContentRow)] {
        try session.all(
            "SELECT digest, generation, size FROM content WHERE digest > ?1 ORDER BY digest LIMIT ?2",
            .blob(after?.key ?? []),
            .integer(Int64(limit)),
            read: { row in
                Digest(key: row.blob(0)).map { digest in
                    (
                        digest,
                        ContentRow(
                            generation: Generation(UInt64(row.integer(1))),
                            size: UInt64(row.integer(2))
                        )
                    )
                }
            }
        ).compactMap { $0 }
    }

    /// How many digests something names.
    ///
    /// Takes as long as the table is: for work that looks at all of them.
    public func contentCount() throws(CatalogError) -> UInt64 {
        try session.first("SELECT count(*) FROM content", read: { UInt64($0.integer(0)) }) ?? 0
    }

    /// The content of a digest that is linked in a repository as a blob.
    public func link(
        _ repository: Int64,
        _ digest: Digest
    ) throws(CatalogError) -> ContentRow? {
        try session.first(
            """
            SELECT generation, size FROM links JOIN content USING (digest)
            WHERE repository = ?1 AND digest = ?2
            """,
            .integer(repository),
            .digest(digest),
            read: { row in
                ContentRow(
                    generation: Generation(UInt64(row.integer(0))),
                    size: UInt64(row.integer(1))
                )
            }
        )
    }

    /// The content of a digest that any repository links as a blob until a time at least, in milliseconds
    /// since 1970.
    public func linkAnywhere(
        _ digest: Digest,
        until time: UInt64
    ) throws(CatalogError) -> ContentRow? {
        try session.first(
            """
            SELECT generation, size FROM content WHERE digest = ?1 AND EXISTS (
                SELECT 1 FROM links INDEXED BY links_digest
                WHERE links.digest = ?1 AND NOT EXISTS (
                    SELECT 1 FROM expiring WHERE expiring.repository = links.repository
                        AND expiring.digest = ?1 AND expires BETWEEN 1 AND ?2))
            """,
            .digest(digest),
            .integer(Int64(clamping: max(time, 1) - 1)),
            read: { row in
                ContentRow(
                    generation: Generation(UInt64(row.integer(0))),
                    size: UInt64(row.integer(1))
                )
            }
        )
    }

    /// Digests of up to `limit` blobs linked in a repository, greater than `after`.
    public func links(
        _ repository: Int64,
        after: Digest?,
        limit: Int
    ) throws(CatalogError) -> [Digest] {
        try session.all(
            "SELECT digest FROM links WHERE repository = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3",
            .integer(repository),
            .blob(after?.key ?? []),
            .integer(Int64(limit)),
            read: { Digest(key: $0.blob(0)) }
        ).compactMap { $0 }
    }
}

/// A repository's row.
public struct RepositoryRow: Hashable, Sendable {
    /// Its number in this catalog's tables.
    public var number: Int64
    /// How events name it.
    public var key: RepositoryKey
    /// Manifests it has.
    public var manifests: UInt64
    /// Blobs it may see.
    public var blobs: UInt64
    /// Tags it has.
    public var tags: UInt64
    /// Bytes of its manifests and blobs.
    public var bytes: UInt64
}

/// A digest's row.
public struct ContentRow: Hashable, Sendable {
    /// The generation its copies are counted on under.
    public var generation: Generation
    /// Its length in bytes.
    public var size: UInt64

    /// Makes a row's value.
    public init(generation: Generation, size: UInt64) {
        self.generation = generation
        self.size = size
    }
}

extension RepositoryName {
    /// The name without its namespace: what a `RepositoryKey` has besides the namespace's id.
    public var path: String {
        let bytes = description.utf8
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(description[bytes.index(after: slash)...])
    }
}

extension Identifier {
    /// Reads 16 bytes; nil for anything else.
    init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
        )
    }
}
