// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI

/// Who remembers the stamp of an assertion.
enum Holder {
    /// A live manifest that names it: its row has the stamp, and `newestNamer` finds it there.
    case namer
    /// Nothing else: what is named must have the stamp in its own row.
    case nobody
}

// The rule, whatever order entries of several regions come in: a name is live if its greatest
// assertion is not older than its greatest delete. A put and a tag assert what they name, and what
// that names in turn. To write a stamp into each row would make a tag of a large index as dear as the
// index, so a row has the assertions made of it directly, a live manifest stands for what it names,
// and hands its stamp down when it goes.

/// One assertion on its way through what it names.
struct Assertion {
    /// When it was made.
    let stamp: Stamp
    /// What it reached and did not look at yet; a list, because nesting has no bound.
    fileprivate var pending: [(reference: ManifestReference, holder: Holder)] = []
    /// Manifests it reached, so that nothing is visited twice.
    fileprivate var seen: Set<Digest> = []

    init(at stamp: Stamp) {
        self.stamp = stamp
    }

    /// It names all of these.
    mutating func names(_ references: [ManifestReference], _ holder: Holder) {
        for reference in references.reversed() where reference.role != .external {
            if reference.role == .child {
                guard seen.insert(reference.digest).inserted else { continue }
            }
            pending.append((reference, holder))
        }
    }
}

extension Applier {
    /// Follows an assertion to its end: names are raised, and come back where an older delete ended
    /// them.
    func follow(_ assertion: Assertion, _ repository: Int64) throws(CatalogError) {
        var assertion = assertion
        while let (reference, holder) = assertion.pending.popLast() {
            switch reference.role {
            case .config, .layer:
                try assertLink(reference.digest, repository, at: assertion.stamp, holder)
            case .child: try assertManifest(reference.digest, repository, holder, &assertion)
            case .external: break
            }
        }
    }

    private func assertManifest(
        _ digest: Digest,
        _ repository: Int64,
        _ holder: Holder,
        _ assertion: inout Assertion
    ) throws(CatalogError) {
        let isLive =
            switch holder {
            case .nobody: try raiseManifest(digest, repository, to: assertion.stamp)
            case .namer: try hasManifest(digest, repository)
            }
        if isLive {
            guard try hasNamedTombstones(repository) else { return }
            assertion.names(try CatalogView(session).references(repository, digest), .namer)
            return
        }
        guard let end = try tombstone(.manifest, repository, digest.key), let kept = end.kept
        else { return }
        guard let facts = ManifestFacts(stored: kept) else { throw unreadable(digest) }
        if end.stamp <= assertion.stamp {
            try insert(facts, repository, at: assertion.stamp)
            assertion.names(facts.references, .namer)
        } else {
            if holder == .namer { try markNamed(.manifest, repository, digest) }
            assertion.names(facts.references, .nobody)
        }
    }

    /// The greatest stamp of the live manifests that name a digest, directly or through others.
    func newestNamer(
        _ digest: Digest,
        _ kind: Buried,
        _ repository: Int64
    ) throws(CatalogError) -> Stamp? {
        let roles: [ReferenceRole] = kind == .manifest ? [.child, .child] : [.config, .layer]
        return try session.first(
            """
            WITH RECURSIVE above (digest) AS (
                SELECT manifest FROM manifest_references INDEXED BY manifest_references_digest
                WHERE repository = ?1 AND digest = ?2 AND role IN (?3, ?4)
                UNION
                SELECT manifest FROM above
                JOIN manifest_references INDEXED BY manifest_references_digest USING (digest)
                WHERE repository = ?1 AND role = ?5)
            SELECT max(stamp) FROM above JOIN manifests USING (digest) WHERE repository = ?1
            """,
            .integer(repository),
            .digest(digest),
            .integer(Int64(roles[0].rawValue)),
            .integer(Int64(roles[1].rawValue)),
            .integer(Int64(ReferenceRole.child.rawValue)),
            read: { Stamp(sortable: $0.blob(0)) }
        ).flatMap { $0 }
    }

    /// What a tombstone keeps is ours; when it cannot be read the row was changed by somebody else.
    func unreadable(_ digest: Digest) -> CatalogError {
        .damaged("the tombstone of \(digest) cannot be read; run 'breakwater catalog rebuild'")
    }

    private func hasManifest(
        _ digest: Digest,
        _ repository: Int64
    ) throws(CatalogError) -> Bool {
        try session.first(
            "SELECT 1 FROM manifests WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest),
            read: { _ in true }
        ) ?? false
    }
}
