// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI
import Platform

/// Applies one entry to the projection: a pure function of the state and the entry.
///
/// It checks nothing a decision checks, has no clock and no chance, and reads no table of the other
/// journal. Two rules hold whatever order entries of several regions come in: a put asserts, with its
/// stamp, everything it names; a delete removes what has a smaller stamp and leaves a tombstone.
///
/// What its statements write they write from values: no `INSERT` from a `SELECT`, no `INSERT` or `UPDATE`
/// with `RETURNING`. Those keep a journal of their own, and at the end of each SQLite walks through all that
/// the change has saved so far: a change of many events would cost their square.
struct Applier {
    let session: Session
    let entry: Entry
    /// The place in the journal here, which differs from the origin's for entries of other regions.
    let position: UInt64

    func apply() throws(CatalogError) {
        for (ordinal, event) in entry.events.enumerated() {
            try apply(event, ordinal: ordinal)
        }
        try mark()
    }

    private func apply(_ event: Event, ordinal: Int) throws(CatalogError) {
        switch event {
        case .blobLinked(let key, let digest, let size, let generation, let expires):
            try link(repository(key), digest, size: size, generation, expires: expires)
        case .blobUnlinked(let key, let digest): try unlink(repository(key), digest)
        case .manifestPut(let key, let facts): try put(facts, in: repository(key))
        case .manifestDeleted(let key, let digest):
            try deleteManifest(digest, in: repository(key), linksUntil: 0)
        case .manifestTrashed(let key, let digest, let until, let linksUntil):
            try trash(digest, in: repository(key), until: until, linksUntil: linksUntil)
        case .manifestPurged(let key, let digest): try purge(digest, from: repository(key))
        case .manifestPulled(let key, let digest, let day):
            try pulled(digest, in: repository(key), day)
        case .tagPut(let key, let tag, let digest):
            try put(tag, digest, in: repository(key), ordinal: ordinal)
        case .tagDeleted(let key, let tag):
            try delete(tag, in: repository(key), ordinal: ordinal)
        case .sweepEpochRaised(let epoch): try raise(epoch: epoch)
        case .expiryReached(let time): try raise(horizon: time)
        case .reasonGiven: break
        case .regionLevelRaised(let level), .estateLevelRaised(let level):
            try session.run(
                "UPDATE marks SET level = max(level, ?1) WHERE scope = ?2",
                .integer(Int64(level)),
                .integer(Int64(entry.scope.rawValue))
            )
        case .namespaceCreated(let id, let name):
            try session.run(
                "INSERT INTO namespaces (id, name, stamp) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                .id(id),
                .text(name),
                .stamp(entry.stamp)
            )
        case .retentionPolicySet(let namespace, let policy): try set(policy, for: namespace)
        case .regionHandover, .estateHandover: break
        }
    }

    /// The greatest stamp seen and the position reached.
    private func mark() throws(CatalogError) {
        try session.run(
            "UPDATE marks SET position = ?1, stamp = max(stamp, ?2) WHERE scope = ?3",
            .number(position),
            .stamp(entry.stamp),
            .integer(Int64(entry.scope.rawValue))
        )
    }

    /// The row of a repository, made at the first event that names it; rows are never removed, so
    /// the next number is a function of the entries.
    func repository(_ key: RepositoryKey) throws(CatalogError) -> Int64 {
        if let known = try session.first(
            "SELECT id FROM repositories WHERE namespace = ?1 AND path = ?2",
            .id(key.namespace),
            .text(key.path),
            read: { $0.integer(0) }
        ) {
            return known
        }
        let last = try session.first(
            "SELECT id FROM repositories ORDER BY id DESC LIMIT 1",
            read: { $0.integer(0) }
        )
        let number = (last ?? 0) + 1
        try session.run(
            """
            INSERT INTO repositories (id, namespace, path, manifests, blobs, tags, bytes)
            VALUES (?1, ?2, ?3, 0, 0, 0, 0)
            """,
            .integer(number),
            .id(key.namespace),
            .text(key.path)
        )
        return number
    }
}
