// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import Platform
import SQLite

/// Says what a projection has once more, as entries of new journals.
struct Restatement {
    /// Names that share an entry, where each is small.
    private static let pageMax = 200

    let old: CatalogView
    let new: Session
    let proof: ChainProof
    let identity: EstateIdentity
    let world: World
    private var report = CatalogAdoption.Report()
    private var stamp: Stamp?

    init(
        old: CatalogView,
        new: Session,
        proof: ChainProof,
        identity: EstateIdentity,
        world: World
    ) {
        (self.old, self.new, self.proof) = (old, new, proof)
        (self.identity, self.world) = (identity, world)
        report.incarnation = proof.incarnation + 1
        (report.damagedEntries, report.damagedCount) = (proof.damaged, proof.damagedCount)
        stamp = proof.greatest
    }

    mutating func run() throws(CatalogError) -> CatalogAdoption.Report {
        let level = EntryCodec.levelSupported
        try write(.estate, [.estateLevelRaised(level)])
        let (epoch, horizon) = (try old.epoch(), try old.horizon())
        try write(
            .region,
            [
                .regionLevelRaised(level), .sweepEpochRaised(epoch.number), .expiryReached(horizon),
                .reasonGiven(
                    "adopted from the projection after \(proof.damagedCount) damaged entries"
                ),
            ]
        )
        try restateNamespaces()
        var after: Int64 = 0
        while true {
            let (old, from) = (old, after)
            let page = try reading("repositories", or: []) { () throws(CatalogError) in
                try Restatement.repositories(old, after: from)
            }
            guard let last = page.last else { return report }
            for (_, key) in page { try restate(key) }
            after = last.number
        }
    }

    // MARK: What there is

    private mutating func restateNamespaces() throws(CatalogError) {
        let namespaces = try old.session.all(
            "SELECT id, name, stamp FROM namespaces ORDER BY id",
            read: { (Identifier(bytes: $0.blob(0)), $0.text(1), Stamp(sortable: $0.blob(2))) }
        )
        for case (let id?, let name, let stamp) in namespaces {
            try write(.estate, [.namespaceCreated(id, name: name)])
            note("namespace \(name)", .estate, stamp)
            if let policy = try old.retentionPolicy(of: id), !policy.isEmpty {
                try write(.estate, [.retentionPolicySet(id, policy: policy)])
            }
        }
    }

    private static func repositories(
        _ old: CatalogView,
        after number: Int64
    ) throws(CatalogError) -> [(number: Int64, key: RepositoryKey)] {
        try old.session.all(
            "SELECT id, namespace, path FROM repositories WHERE id > ?1 ORDER BY id LIMIT ?2",
            .integer(number),
            .integer(Int64(Restatement.pageMax)),
            read: { row in
                Identifier(bytes: row.blob(1)).map { namespace in
                    (row.integer(0), RepositoryKey(namespace: namespace, path: row.text(2)))
                }
            }
        ).compactMap { $0 }
    }

    private mutating func restate(_ key: RepositoryKey) throws(CatalogError) {
        let old = old
        let row = try reading("the repository '\(key.path)'", or: nil) { () throws(CatalogError) in
            try old.repository(key)
        }
        guard let row else { return }
        let name = try old.name(of: key).map { "\($0)" } ?? key.path
        try restateLinks(row, name)
        try restateTrash(row, name)
        try restateManifests(row, name)
        // What the trash let end is to end when it was to.
        try restateLinks(row, name, endingOnly: true)
        try restateTags(row, name)
    }

    private mutating func restateLinks(
        _ row: RepositoryRow,
        _ name: String,
        endingOnly: Bool = false
    ) throws(CatalogError) {
        var after: Digest?
        while true {
            let (old, from) = (old, after)
            let page = try reading("blobs of \(name)", or: []) { () throws(CatalogError) in
                try old.links(row.number, after: from, limit: Restatement.pageMax)
            }
            guard let last = page.last else { return }
            var events: [Event] = []
            for digest in page {
                let found = try reading("blob \(name)@\(digest)", or: nil) {
                    () throws(CatalogError) -> (ContentRow, UInt64)? in
                    guard let content = try old.link(row.number, digest) else { return nil }
                    return (content, try old.expiry(row.number, digest) ?? 0)
                }
                guard let (content, expires) = found, !endingOnly || expires > 0 else { continue }
                events.append(
                    .blobLinked(
                        row.key,
                        digest,
                        size: content.size,
                        content.generation,
                        expires: expires
                    )
                )
                guard !endingOnly else { continue }
                note("blob \(name)@\(digest)", .region, try stamp(of: "links", row, digest))
            }
            try write(.region, events)
            after = last
        }
    }

    private mutating func restateTrash(
        _ row: RepositoryRow,
        _ name: String
    ) throws(CatalogError) {
        // Links that should stay longer are restated after this.
        let linksUntil = max(1, try old.horizon())
        var after: Digest?
        while true {
            let (old, from) = (old, after)
            let page = try reading("the trash of \(name)", or: []) { () throws(CatalogError) in
                try old.trash(row.number, after: from, limit: Restatement.pageMax)
            }
            guard let last = page.last else { return }
            for manifest in page {
                let digest = manifest.facts.digest
                try write(.region, [.manifestPut(row.key, manifest.facts)])
                try write(
                    .region,
                    [
                        .manifestTrashed(
                            row.key,
                            digest,
                            until: manifest.until,
                            linksUntil: linksUntil
                        )
                    ]
                )
                note("manifest \(name)@\(digest) in the trash", .region, manifest.stamp)
            }
            after = last.facts.digest
        }
    }

    private mutating func restateManifests(
        _ row: RepositoryRow,
        _ name: String
    ) throws(CatalogError) {
        var after: Digest?
        while true {
            let (old, from) = (old, after)
            let page = try reading("manifests of \(name)", or: []) { () throws(CatalogError) in
                try old.manifests(row.number, after: from, limit: Restatement.pageMax)
            }
            guard let last = page.last else { return }
            for digest in page {
                let found = try reading("manifest \(name)@\(digest)", or: nil) {
                    () throws(CatalogError) -> (ManifestRow, UInt32?)? in
                    guard let manifest = try old.manifest(row.number, digest) else { return nil }
                    return (manifest, try old.lastPulled(row.number, digest))
                }
                guard let (manifest, day) = found else { continue }
                var events: [Event] = [.manifestPut(row.key, manifest.facts)]
                if let day { events.append(.manifestPulled(row.key, digest, day: day)) }
                try write(.region, events)
                note("manifest \(name)@\(digest)", .region, manifest.stamp)
            }
            after = last
        }
    }

    private mutating func restateTags(
        _ row: RepositoryRow,
        _ name: String
    ) throws(CatalogError) {
        var after = ""
        while true {
            let (old, from) = (old, after)
            let page = try reading("tags of \(name)", or: []) { () throws(CatalogError) in
                try old.session.all(
                    """
                    SELECT name, digest, stamp FROM tags
                    WHERE repository = ?1 AND name > ?2 ORDER BY name LIMIT ?3
                    """,
                    .integer(row.number),
                    .text(from),
                    .integer(Int64(Restatement.pageMax)),
                    read: { ($0.text(0), Digest(key: $0.blob(1)), Stamp(sortable: $0.blob(2))) }
                )
            }
            guard let last = page.last else { return }
            for case (let text, let digest?, let stamp) in page {
                guard let tag = Tag(text) else { continue }
                try write(.region, [.tagPut(row.key, tag, digest)])
                note("tag \(name):\(tag), which is \(digest)", .region, stamp)
            }
            after = last.0
        }
    }

    private func stamp(
        of table: String,
        _ row: RepositoryRow,
        _ digest: Digest
    ) throws(CatalogError) -> Stamp? {
        try old.session.first(
            "SELECT stamp FROM \(table) WHERE repository = ?1 AND digest = ?2",
            .integer(row.number),
            .digest(digest),
            read: { Stamp(sortable: $0.blob(0)) }
        ).flatMap { $0 }
    }

    // MARK: What comes of it

    /// Reads a part; one whose page fails its check is lost, and listed.
    private mutating func reading<Answer>(
        _ what: String,
        or nothing: Answer,
        _ body: () throws(CatalogError) -> Answer
    ) throws(CatalogError) -> Answer {
        do throws(CatalogError) { return try body() } catch {
            guard case .pageCheckFailed(let page) = error else { throw error }
            lose("\(what), from a place on: \(page)")
            return nothing
        }
    }

    private mutating func lose(_ what: String) {
        guard report.unread.count < CatalogAdoption.Report.listedMax else { return }
        report.unread.append(what)
    }

    /// Counts a name, and lists it where it is newer than what the chain proves.
    private mutating func note(_ name: String, _ scope: Scope, _ stamp: Stamp?) {
        report.named += 1
        if let stamp, let proved = proof.proved[scope], stamp <= proved { return }
        report.unprovedCount += 1
        guard report.unproved.count < CatalogAdoption.Report.listedMax else { return }
        report.unproved.append(name)
    }

    /// Adds an entry to its new journal and applies it.
    private mutating func write(_ scope: Scope, _ events: [Event]) throws(CatalogError) {
        guard !events.isEmpty else { return }
        let heads = try CatalogView(new).heads()
        let next = Stamp.next(
            clock: world.clocks.wallMilliseconds(),
            seen: stamp,
            region: identity.region
        )
        stamp = next
        let position = heads[scope].position + 1
        let entry = Entry(
            id: Identifier(from: world.random),
            scope: scope,
            origin: Origin(
                journal: scope == .region ? identity.region : identity.estate,
                incarnation: report.incarnation,
                position: position
            ),
            stamp: next,
            basis: scope == .region ? heads.estate.position : 0,
            actor: .zero,
            level: EntryCodec.levelSupported,
            events: events
        )
        let bytes = EntryCodec.encode(entry, after: heads[scope].chain)
        guard bytes.count <= EntryCodec.sizeMax else {
            return lose("\(events.count) names whose entry would be too long")
        }
        do throws(SQLiteError) { try new.connection.beginImmediate() } catch {
            throw CatalogError(error)
        }
        let stored = StoredEntry(
            scope: scope,
            position: position,
            bytes: bytes,
            chain: EntryCodec.chain(bytes)
        )
        try WriteTransaction.write(entry, stored: stored, to: new)
        do throws(SQLiteError) { try new.connection.commit() } catch { throw CatalogError(error) }
    }
}
