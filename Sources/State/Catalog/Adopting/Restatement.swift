// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import Platform
import SQLite

/// Says what a projection has once more, as entries of new journals.
struct Restatement {
    /// A repository of the old projection.
    struct Repository {
        /// Its number there.
        var number: Int64
        /// How events name it.
        var key: RepositoryKey
    }

    let old: CatalogView
    let new: Session
    let proof: ChainProof
    let identity: EstateIdentity
    let world: World
    var report = CatalogAdoption.Report()
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
        var walk = KeyWalk<Repository>.repositories
        while let page = try next(&walk) {
            for repository in page { try restate(repository) }
        }
        return report
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
            let policy = try reading("the retention policy of \(name)") {
                old throws(CatalogError) in
                try old.retentionPolicy(of: id)
            }
            if let policy, !policy.isEmpty {
                try write(.estate, [.retentionPolicySet(id, policy: policy)])
            }
        }
    }

    private mutating func restate(_ repository: Repository) throws(CatalogError) {
        let name = try old.name(of: repository.key).map { "\($0)" } ?? repository.key.path
        try restateLinks(repository, name)
        try restateTrash(repository, name)
        try restateManifests(repository, name)
        // What the trash let end is to end when it was to.
        try restateLinks(repository, name, endingOnly: true)
        try restateTags(repository, name)
    }

    // MARK: What comes of it

    /// Counts a name, and lists it where it is newer than what the chain proves.
    mutating func note(_ name: String, _ scope: Scope, _ stamp: Stamp?) {
        report.named += 1
        if let stamp, let proved = proof.proved[scope], stamp <= proved { return }
        report.unprovedCount += 1
        guard report.unproved.count < CatalogAdoption.Report.listedMax else { return }
        report.unproved.append(name)
    }

    /// Adds an entry to its new journal and applies it.
    mutating func write(_ scope: Scope, _ events: [Event]) throws(CatalogError) {
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
