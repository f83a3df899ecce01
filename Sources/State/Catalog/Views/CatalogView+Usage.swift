// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform
import SQLite

/// Bytes and counts of what is named.
public struct UsageRow: Hashable, Sendable {
    /// Bytes with every repository counted for itself.
    public var logicalBytes: UInt64 = 0
    /// Bytes with every digest counted once.
    public var deduplicatedBytes: UInt64 = 0
    /// Repositories with anything in them.
    public var repositories: UInt64 = 0
    /// Manifests.
    public var manifests: UInt64 = 0
    /// Blobs linked.
    public var blobs: UInt64 = 0
    /// Tags.
    public var tags: UInt64 = 0
}

extension CatalogView {
    /// Usage of a namespace or a repository, or of everything for the empty name; nil for an
    /// unknown one.
    ///
    /// A name that is both means the namespace. Sums are made here, overflow-checked: SQLite's stop
    /// with an error at 2^63.
    public func usage(of name: String) throws(CatalogError) -> UsageRow? {
        var usage = UsageRow()
        if name.isEmpty {
            // Not our own, which nobody put there; its bytes count as every byte does.
            try add(
                "SELECT manifests, blobs, tags, bytes FROM repositories WHERE namespace IS NOT ?1",
                try namespace(named: RepositoryName.canary.namespace).map { .id($0) } ?? .null,
                to: &usage
            )
            try deduplicate("SELECT size FROM content", .null, &usage)
            return usage
        }
        if let namespace = try namespace(named: name) {
            try add(
                "SELECT manifests, blobs, tags, bytes FROM repositories WHERE namespace = ?1",
                .id(namespace),
                to: &usage
            )
            try deduplicate(
                CatalogView.distinct(where: "namespace = ?1"),
                .id(namespace),
                &usage
            )
            return usage
        }
        guard let parsed = RepositoryName(name), let row = try repository(parsed) else {
            return nil
        }
        try add(
            "SELECT manifests, blobs, tags, bytes FROM repositories WHERE id = ?1",
            .integer(row.number),
            to: &usage
        )
        try deduplicate(CatalogView.distinct(where: "id = ?1"), .integer(row.number), &usage)
        return usage
    }

    private static func distinct(where condition: String) -> String {
        """
        SELECT size FROM content WHERE digest IN (
            SELECT digest FROM links WHERE repository IN
                (SELECT id FROM repositories WHERE \(condition))
            UNION SELECT digest FROM manifests WHERE repository IN
                (SELECT id FROM repositories WHERE \(condition)))
        """
    }

    private func add(
        _ sql: String,
        _ value: Value,
        to usage: inout UsageRow
    ) throws(CatalogError) {
        var sum = usage
        try session.each(sql, value.isNull ? [] : [value]) { row throws(CatalogError) in
            sum.manifests += UInt64(row.integer(0))
            sum.blobs += UInt64(row.integer(1))
            sum.tags += UInt64(row.integer(2))
            sum.logicalBytes = sum.logicalBytes.addingClamped(UInt64(row.integer(3)))
            if row.integer(0) + row.integer(1) > 0 { sum.repositories += 1 }
        }
        usage = sum
    }

    private func deduplicate(
        _ sql: String,
        _ value: Value,
        _ usage: inout UsageRow
    ) throws(CatalogError) {
        var sum: UInt64 = 0
        try session.each(sql, value.isNull ? [] : [value]) { row throws(CatalogError) in
            sum = sum.addingClamped(UInt64(row.integer(0)))
        }
        usage.deduplicatedBytes = sum
    }
}

extension UInt64 {
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension Value {
    fileprivate var isNull: Bool {
        guard case .null = self else { return false }
        return true
    }
}
