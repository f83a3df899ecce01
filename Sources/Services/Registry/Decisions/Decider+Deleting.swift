// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension Decider {
    func delete(_ tag: Tag) throws(DecisionError) -> Decision {
        let row = try existing()
        let current = try reading { () throws(CatalogError) in try view.tag(row.number, tag) }
        guard current != nil else { throw .refused(.manifestUnknown(tag.description)) }
        return Decision(events: [.tagDeleted(row.key, tag)])
    }

    func deleteBlob(_ digest: Digest) throws(DecisionError) -> Decision {
        let row = try existing()
        guard try linked(row, digest) != nil else { throw .refused(.blobUnknown(digest)) }
        try checkUnnamed(digest, in: row)
        return Decision(events: [.blobUnlinked(row.key, digest)])
    }

    /// The manifest, the tags that point to it, and, unless the operator keeps them, its referrers
    /// and theirs, those with a tag of their own excepted, with the tags that cosign and the spec's
    /// fallback make for it.
    ///
    /// The children of an index stay.
    func deleteManifest(_ digest: Digest) throws(DecisionError) -> Decision {
        let row = try existing()
        guard try hasManifest(row, digest) else {
            throw .refused(.manifestUnknown(digest.description))
        }
        try checkUnnamed(digest, in: row)
        var planned = Plan()
        try plan(digest, in: row, &planned)
        guard planned.events.count > Decision.eventsMax else {
            return Decision(events: planned.events)
        }
        // Tags and referrers go first, the manifest itself with the last step.
        return Decision(events: Array(planned.events.prefix(Decision.eventsMax)), isPartial: true)
    }

    /// Tags, then manifests that nothing names, then blobs that nothing names, as many as fit.
    func deleteRepository() throws(DecisionError) -> Decision {
        let row = try existing()
        let limit = Decision.eventsMax
        let tags = try reading { () throws(CatalogError) in
            try view.tags(row.number, after: "", limit: limit + 1)
        }
        var events = tags.prefix(limit).map { Event.tagDeleted(row.key, $0) }
        guard events.count < limit else { return Decision(events: events, isPartial: true) }
        let manifests = try reading { () throws(CatalogError) in
            try view.manifests(row.number, after: nil, limit: limit - events.count + 1)
        }
        events += manifests.map { .manifestDeleted(row.key, $0) }
        let isPartial = events.count > limit
        let isDone = tags.isEmpty && manifests.isEmpty
        if isDone, row.manifests == 0, row.tags == 0, row.blobs == 0 {
            throw .refused(.nameUnknown(change.repository))
        }
        if !isPartial {
            let blobs = try reading { () throws(CatalogError) in
                try view.links(row.number, after: nil, limit: limit - events.count + 1)
            }
            events += blobs.map { .blobUnlinked(row.key, $0) }
        }
        return Decision(
            events: Array(events.prefix(limit)),
            isPartial: isPartial || events.count > limit
        )
    }

    private struct Plan {
        var events: [Event] = []
        var manifests: Set<Digest> = []
        var tags: Set<Tag> = []
    }

    private func plan(
        _ digest: Digest,
        in row: RepositoryRow,
        _ plan: inout Plan
    ) throws(DecisionError) {
        guard plan.manifests.insert(digest).inserted, plan.events.count <= Decision.eventsMax
        else { return }
        let tags = try reading { () throws(CatalogError) in
            try view.tags(row.number, of: digest, limit: Decision.eventsMax + 1)
        }
        for tag in tags where plan.tags.insert(tag).inserted {
            plan.events.append(.tagDeleted(row.key, tag))
        }
        if !rules.keepsReferrers { try planReferrers(of: digest, in: row, &plan) }
        plan.events.append(.manifestDeleted(row.key, digest))
    }

    private func planReferrers(
        of digest: Digest,
        in row: RepositoryRow,
        _ plan: inout Plan
    ) throws(DecisionError) {
        for tag in Decider.attachedTags(of: digest) where !plan.tags.contains(tag) {
            guard
                let attached = try reading({ () throws(CatalogError) in
                    try view.tag(row.number, tag)
                })
            else { continue }
            plan.tags.insert(tag)
            plan.events.append(.tagDeleted(row.key, tag))
            try planIfUnused(attached, in: row, &plan)
        }
        let referrers = try reading { () throws(CatalogError) in
            try view.referrers(
                row.number,
                of: digest,
                after: nil,
                limit: Decision.eventsMax + 1
            )
        }
        for referrer in referrers { try planIfUnused(referrer, in: row, &plan) }
    }

    /// Goes too, unless a tag that stays, or a manifest that stays, names it.
    private func planIfUnused(
        _ digest: Digest,
        in row: RepositoryRow,
        _ plan: inout Plan
    ) throws(DecisionError) {
        guard try hasManifest(row, digest), !plan.manifests.contains(digest) else { return }
        let tags = try reading { () throws(CatalogError) in
            try view.tags(row.number, of: digest, limit: Decision.eventsMax + 1)
        }
        guard tags.allSatisfy(plan.tags.contains) else { return }
        let namer = try reading { () throws(CatalogError) in
            try view.firstManifestNaming(row.number, digest)
        }
        guard namer.map(plan.manifests.contains) ?? true else { return }
        try self.plan(digest, in: row, &plan)
    }

    /// Tags that stand for what belongs to a digest: cosign's, and the spec's referrers fallback.
    static func attachedTags(of digest: Digest) -> [Tag] {
        ["", ".sig", ".att", ".sbom"].compactMap {
            Tag("\(digest.algorithm.name)-\(digest.hex.prefix(64))\($0)")
        }
    }

    private func checkUnnamed(
        _ digest: Digest,
        in row: RepositoryRow
    ) throws(DecisionError) {
        let namer = try reading { () throws(CatalogError) in
            try view.firstManifestNaming(row.number, digest)
        }
        if let namer { throw .refused(.stillNamed(digest, by: namer)) }
    }
}
