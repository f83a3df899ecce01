// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import Platform
import SQLite

extension Applier {
    /// Notes when a link ends that no live manifest of its repository names: at the latest time that was
    /// said of it; at 0, which is not said yet, until an entry says one.
    func settleExpiry(
        of digest: Digest,
        _ repository: Int64,
        _ expires: UInt64
    ) throws(CatalogError) {
        // Also where it is not written: what has no place in a row is poison, whatever the state.
        let expires = try Value.number(expires)
        let endsByItself = try session.first(
            """
            SELECT 1 FROM links
            WHERE repository = ?1 AND digest = ?2 AND NOT EXISTS (
                SELECT 1 FROM manifest_references INDEXED BY manifest_references_digest
                WHERE repository = ?1 AND digest = ?2 AND role IN (?3, ?4))
            """,
            .integer(repository),
            .digest(digest),
            .integer(Int64(ReferenceRole.config.rawValue)),
            .integer(Int64(ReferenceRole.layer.rawValue)),
            read: { _ in true }
        )
        guard endsByItself != nil else { return }
        try session.run(
            """
            INSERT INTO expiring (repository, digest, expires) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET expires = max(expires, excluded.expires)
            """,
            .integer(repository),
            .digest(digest),
            expires
        )
    }

    /// Notes when links end that a manifest named which is gone now.
    func settleExpiry(
        of references: [ManifestReference],
        _ repository: Int64,
        _ expires: UInt64
    ) throws(CatalogError) {
        for reference in references where reference.role.isBlob {
            try settleExpiry(of: reference.digest, repository, expires)
        }
    }

    /// A live manifest names these: their links do not end by themselves.
    func endExpiry(
        of references: [ManifestReference],
        _ repository: Int64
    ) throws(CatalogError) {
        for reference in references where reference.role.isBlob {
            try endExpiry(of: reference.digest, repository)
        }
    }

    /// A link does not end by itself, or has ended.
    func endExpiry(of digest: Digest, _ repository: Int64) throws(CatalogError) {
        try session.run(
            "DELETE FROM expiring WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest)
        )
    }

    /// What was to end by a time may be ended; the greatest such time stays.
    func raise(horizon: UInt64) throws(CatalogError) {
        try session.run(
            """
            INSERT INTO horizons (scope, expiry) VALUES (?1, ?2)
            ON CONFLICT DO UPDATE SET expiry = max(expiry, excluded.expiry)
            """,
            .integer(Int64(entry.scope.rawValue)),
            .number(horizon)
        )
    }

    // MARK: What retention goes by

    /// Notes that a manifest has no tag any more, or came without one.
    func noteUntagged(_ digest: Digest, _ repository: Int64) throws(CatalogError) {
        let isUntagged = try session.first(
            """
            SELECT 1 FROM manifests
            WHERE repository = ?1 AND digest = ?2 AND NOT EXISTS (
                SELECT 1 FROM tags WHERE repository = ?1 AND digest = ?2)
            """,
            .integer(repository),
            .digest(digest),
            read: { _ in true }
        )
        guard isUntagged != nil else { return }
        try session.run(
            """
            INSERT INTO untagged (repository, digest, since) VALUES (?1, ?2, ?3)
            ON CONFLICT DO NOTHING
            """,
            .integer(repository),
            .digest(digest),
            .number(entry.stamp.milliseconds)
        )
    }

    /// A manifest has a tag, or is gone.
    func forgetUntagged(_ digest: Digest, _ repository: Int64) throws(CatalogError) {
        try session.run(
            "DELETE FROM untagged WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest)
        )
    }

    /// A manifest that is there, or in the trash and can come back, was pulled on a day; the last one stays.
    func pulled(
        _ digest: Digest,
        in repository: Int64,
        _ day: UInt32
    ) throws(CatalogError) {
        let canBePulled = try session.first(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM manifests WHERE repository = ?1 AND digest = ?2)
                OR EXISTS (SELECT 1 FROM trash WHERE repository = ?1 AND digest = ?2)
            """,
            .integer(repository),
            .digest(digest),
            read: { _ in true }
        )
        guard canBePulled != nil else { return }
        try session.run(
            """
            INSERT INTO pulls (repository, digest, day) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET day = max(day, excluded.day)
            """,
            .integer(repository),
            .digest(digest),
            .integer(Int64(day))
        )
    }

    /// The policy of a namespace, or none where it is empty; the greatest stamp decides.
    func set(_ policy: String, for namespace: Identifier) throws(CatalogError) {
        try session.run(
            """
            INSERT INTO retention_policies (namespace, policy, stamp) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET policy = excluded.policy, stamp = excluded.stamp
            WHERE excluded.stamp >= stamp
            """,
            .id(namespace),
            .text(policy),
            .stamp(entry.stamp)
        )
    }
}
