// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform
import SQLite

/// Bytes and counts of what is named.
public struct UsageRow: Hashable, Sendable {
    /// Bytes of manifests and linked blobs, with every repository counted for itself.
    public var logicalBytes: UInt64 = 0
    /// Bytes of everything that is named, also by the trash, with every digest counted once.
    public var deduplicatedBytes: UInt64 = 0
    /// Bytes of these that the trash names, and nothing else but links that end by themselves.
    public var trashBytes: UInt64 = 0
    /// Bytes of these that nothing names but links that end by themselves.
    public var reclaimableBytes: UInt64 = 0
    /// Repositories with anything in them.
    public var repositories: UInt64 = 0
    /// Manifests.
    public var manifests: UInt64 = 0
    /// Blobs linked.
    public var blobs: UInt64 = 0
    /// Tags.
    public var tags: UInt64 = 0
    /// Manifests in the trash.
    public var trashed: UInt64 = 0

    /// Makes a row of nothing.
    public init() {}
}

extension CatalogView {
    /// Usage of a namespace or a repository, or of everything for the empty name; nil for an
    /// unknown one.
    ///
    /// A name that is both means the namespace. Sums are made here, overflow-checked: SQLite's stop
    /// with an error at 2^63.
    public func usage(of name: String) throws(CatalogError) -> UsageRow? {
        if name.isEmpty {
            // Not our own, which nobody put there; its bytes count as every byte does.
            let own = try namespace(named: RepositoryName.canary.namespace).map(Value.id) ?? .null
            return try usage(counting: "namespace IS NOT ?1", own, of: "?1 IS ?1", own)
        }
        if let namespace = try namespace(named: name) {
            let own = Value.id(namespace)
            return try usage(counting: "namespace = ?1", own, of: "namespace = ?1", own)
        }
        guard let parsed = RepositoryName(name), let row = try repository(parsed) else {
            return nil
        }
        let number = Value.integer(row.number)
        return try usage(counting: "id = ?1", number, of: "id = ?1", number)
    }

    private func usage(
        counting counted: String,
        _ countedBy: Value,
        of scope: String,
        _ scopedBy: Value
    ) throws(CatalogError) -> UsageRow {
        var usage = UsageRow()
        try add(
            "SELECT manifests, blobs, tags, bytes FROM repositories WHERE \(counted)",
            countedBy,
            to: &usage
        )
        func bytes(of digests: String) throws(CatalogError) -> UInt64 {
            var sum: UInt64 = 0
            let sql =
                CatalogView.named(in: scope)
                + " SELECT size FROM content WHERE digest IN (\(digests))"
            try session.each(sql, [scopedBy]) { row throws(CatalogError) in
                sum = sum.addingClamped(UInt64(row.integer(0)))
            }
            return sum
        }
        usage.deduplicatedBytes = try bytes(
            of:
                "SELECT digest FROM held UNION SELECT digest FROM ending UNION SELECT digest FROM kept"
        )
        usage.trashBytes = try bytes(of: "SELECT digest FROM kept EXCEPT SELECT digest FROM held")
        usage.reclaimableBytes = try bytes(
            of:
                "SELECT digest FROM ending EXCEPT SELECT digest FROM held EXCEPT SELECT digest FROM kept"
        )
        usage.trashed =
            try session.first(
                CatalogView.named(in: scope)
                    + " SELECT count(*) FROM trash WHERE repository IN (SELECT id FROM scope)",
                scopedBy,
                read: { UInt64($0.integer(0)) }
            ) ?? 0
        return usage
    }

    /// What repositories name: for good, until the links end, and in the trash.
    private static func named(in scope: String) -> String {
        """
        WITH scope (id) AS MATERIALIZED (SELECT id FROM repositories WHERE \(scope)),
        held (digest) AS (
            SELECT digest FROM manifests WHERE repository IN (SELECT id FROM scope)
            UNION ALL SELECT digest FROM links WHERE repository IN (SELECT id FROM scope)
                AND NOT EXISTS (SELECT 1 FROM expiring
                    WHERE expiring.repository = links.repository
                        AND expiring.digest = links.digest)),
        ending (digest) AS (
            SELECT digest FROM expiring WHERE repository IN (SELECT id FROM scope)),
        kept (digest) AS (
            SELECT digest FROM trash WHERE repository IN (SELECT id FROM scope)
            UNION ALL SELECT digest FROM trash_blobs WHERE repository IN (SELECT id FROM scope))
        """
    }

    private func add(
        _ sql: String,
        _ value: Value,
        to usage: inout UsageRow
    ) throws(CatalogError) {
        var sum = usage
        try session.each(sql, [value]) { row throws(CatalogError) in
            sum.manifests += UInt64(row.integer(0))
            sum.blobs += UInt64(row.integer(1))
            sum.tags += UInt64(row.integer(2))
            sum.logicalBytes = sum.logicalBytes.addingClamped(UInt64(row.integer(3)))
            if row.integer(0) + row.integer(1) > 0 { sum.repositories += 1 }
        }
        usage = sum
    }
}

extension UInt64 {
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
