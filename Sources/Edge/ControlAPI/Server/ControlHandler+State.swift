// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTP
import Journal
import OCI
import Platform
public import Registry

extension ControlHandler {
    func status() throws -> Wire.Status {
        let facts = facts()
        let identity = registry.identity
        let (heads, epoch, trashed) = try registry.read { view throws(CatalogError) in
            (try view.heads(), try view.epoch(), try view.trashCount())
        }
        let refusal = registry.registrar.refusal
        let quarantine = registry.quarantineTotals
        return Wire.Status(
            version: facts.version,
            names: facts.names,
            estate: identity.estate.description,
            region: identity.region.description,
            node: identity.node.description,
            store: registry.store.description,
            uptimeSeconds: Int(facts.uptime.components.seconds),
            takesWrites: refusal == nil,
            refusal: refusal,
            regionPosition: heads.region.position,
            estatePosition: heads.estate.position,
            epoch: epoch.number,
            uploadsOpen: facts.uploadsOpen,
            freeBytes: facts.freeBytes,
            pageCheckFailures: facts.pageCheckFailures,
            trashed: trashed,
            clock: try clock(),
            sweep: sweepGlance,
            scrub: scrubGlance,
            quarantinedCopies: quarantine.count,
            quarantinedBytes: quarantine.bytes,
            work: work.progress ?? sweepProgress
        )
    }

    func journal(_ query: Query) throws -> Wire.JournalPage {
        let scope: Scope
        switch try query.value("scope") ?? "region" {
        case "region": scope = .region
        case "estate": scope = .estate
        case let other:
            throw Wire.Problem(
                message: "there is no journal '\(other)': region or estate",
                isRefusal: true
            )
        }
        guard let from = UInt64(try query.value("from") ?? "1"), from < UInt64(Int64.max) else {
            throw Wire.Problem(message: "a position is a number from 1", isRefusal: true)
        }
        let (stored, head) = try registry.read { view throws(CatalogError) in
            (try view.entries(scope, from: from, limit: Wire.pageMax), try view.heads()[scope])
        }
        return Wire.JournalPage(
            entries: try stored.map { try entry($0) },
            head: head.position
        )
    }

    private func entry(_ stored: StoredEntry) throws -> Wire.JournalEntry {
        let entry: Entry
        do throws(EntryError) { entry = try EntryCodec.decode(stored.bytes).entry } catch {
            throw Wire.Problem(
                message: "entry \(stored.position) cannot be read: \(error)",
                isRefusal: false
            )
        }
        return Wire.JournalEntry(
            scope: "\(entry.scope)",
            position: stored.position,
            id: entry.id.description,
            milliseconds: entry.stamp.milliseconds,
            counter: entry.stamp.counter,
            actor: entry.actor.description,
            basis: entry.basis,
            level: entry.level,
            chain: Digest(.sha256, stored.chain)?.hex ?? "",
            events: try entry.events.map { try sentence($0) }
        )
    }

    private func sentence(_ event: Event) throws -> String {
        switch event {
        case .blobLinked(let key, let digest, let size, let generation, let expires):
            "\(try name(key)): blob \(digest) linked, \(size) bytes, generation \(generation.number)"
                + (expires > 0 ? ", until \(Moment(milliseconds: expires))" : "")
        case .blobUnlinked(let key, let digest): "\(try name(key)): blob \(digest) unlinked"
        case .manifestPut(let key, let facts):
            "\(try name(key)): manifest \(facts.digest) put, \(facts.mediaType)"
        case .manifestDeleted(let key, let digest):
            "\(try name(key)): manifest \(digest) deleted"
        case .manifestTrashed(let key, let digest, let until, _):
            "\(try name(key)): manifest \(digest) in the trash until \(Moment(milliseconds: until))"
        case .manifestPurged(let key, let digest):
            "\(try name(key)): manifest \(digest) gone from the trash"
        case .manifestPulled(let key, let digest, let day):
            "\(try name(key)): manifest \(digest) pulled on \(Moment(day: day).day)"
        case .expiryReached(let time): "what ends by \(Moment(milliseconds: time)) may end"
        case .reasonGiven(let words): "because: \(words)"
        case .retentionPolicySet(let namespace, let policy):
            "retention policy of \(namespace) "
                + (policy.isEmpty ? "taken away" : "is \(policy)")
        case .tagPut(let key, let tag, let digest): "\(try name(key)): tag \(tag) is \(digest)"
        case .tagDeleted(let key, let tag): "\(try name(key)): tag \(tag) deleted"
        case .sweepEpochRaised(let epoch): "sweep epoch is \(epoch)"
        case .regionHandover(let successor), .estateHandover(let successor):
            "handed over to \(successor)"
        case .regionLevelRaised(let level), .estateLevelRaised(let level): "level is \(level)"
        case .namespaceCreated(let id, let name): "namespace '\(name)' is \(id)"
        }
    }

    private func name(_ key: RepositoryKey) throws -> String {
        let namespace =
            try registry.read { view throws(CatalogError) in try view.name(of: key.namespace) }
            ?? key.namespace.description
        return key.path.isEmpty ? namespace : "\(namespace)/\(key.path)"
    }

    func usage(_ query: Query) async throws -> Wire.Usage {
        let name = try query.value("name") ?? ""
        let usage = try registry.read { view throws(CatalogError) in try view.usage(of: name) }
        guard let usage else {
            throw Wire.Problem(
                message: "there is no namespace or repository '\(name)'",
                isRefusal: true
            )
        }
        return Wire.Usage(
            name: name,
            logicalBytes: usage.logicalBytes,
            deduplicatedBytes: usage.deduplicatedBytes,
            trashBytes: usage.trashBytes,
            reclaimableBytes: usage.reclaimableBytes,
            unnamedBytes: name.isEmpty ? try await unnamedBytes() : nil,
            repositories: usage.repositories,
            manifests: usage.manifests,
            blobs: usage.blobs,
            tags: usage.tags,
            trashed: usage.trashed
        )
    }

    func rebuild() async throws -> Wire.Outcome {
        try work.begin("rebuild the catalog", unit: "entries")
        defer { work.end() }
        let work = work
        try await registry.rebuildCatalog { done, total in work.advance(to: done, of: total) }
        return Wire.Outcome(
            isSound: true,
            summary: "the catalog was rebuilt from its entries",
            findings: []
        )
    }

    func verify(_ query: Query) async throws -> Wire.Verification {
        let deep = try query.value("deep") != nil
        try work.begin(deep ? "read and hash all content" : "look for all content", unit: "blobs")
        defer { work.end() }
        let work = work
        let report = try await registry.verifyContent(deep: deep) { done, total in
            work.advance(to: UInt64(done), of: total)
        }
        return Wire.Verification(report)
    }
}

extension Wire.Verification {
    /// A verification as the operator and his programs read it.
    public init(_ report: Registry.Verification) {
        self.init(
            isSound: report.isSound,
            named: report.named,
            unsound: report.unsound,
            missing: report.missing.map(\.description),
            damaged: report.damaged.map(\.description),
            setAside: report.quarantined,
            bytesHashed: report.bytesHashed,
            orphans: report.orphans,
            unlisted: report.unlisted,
            summary:
                "\(report.named) digests named, \(report.unsound) of them without a sound copy, "
                + "\(report.quarantined) set aside, \(report.bytesHashed) bytes hashed, \(report.orphans) copies that nothing names",
            findings: report.missing.map { "missing \($0)" }
                + report.damaged.map { "damaged \($0)" }
                + (report.unlisted > 0
                    ? ["the disk does not list \(report.unlisted) directories of content"] : [])
        )
    }
}
