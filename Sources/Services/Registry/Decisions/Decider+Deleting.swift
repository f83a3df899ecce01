// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTP
import Journal
import OCI

extension Decider {
    func delete(_ tag: Tag, _ conditions: Preconditions?) throws(DecisionError) -> Decision {
        let row = try existing()
        let current = try self.tag(tag, in: row)
        if let conditions { try check(conditions, current) }
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
    /// The children of an index stay. What does not fit one entry is done in steps, the manifest
    /// itself in the last.
    func deleteManifest(_ digest: Digest) throws(DecisionError) -> Decision {
        let row = try existing()
        guard try hasManifest(row, digest) else {
            throw .refused(.manifestUnknown(digest.description))
        }
        try checkUnnamed(digest, in: row)
        return try DeletionPlan(deleting: digest, decider: self, row: row).decision()
    }

    /// Tags, then manifests that nothing names any more, then blobs, as many as fit; with a reason, by
    /// which what went with the repository is told from what was deleted before.
    func deleteRepository() throws(DecisionError) -> Decision {
        var decision = try repositoryStep()
        let ending = decision.isPartial ? RepositoryEnding.inPart : .whole
        decision.events.append(.reasonGiven(ending.rawValue))
        return decision
    }

    /// The first of these manifests, which together name as much as one entry may end; one at least.
    private func withinReferencesMax(
        _ manifests: [Digest],
        in row: RepositoryRow
    ) throws(CatalogError) -> [Digest] {
        var room = Decision.referencesMax
        var count = 0
        for manifest in manifests {
            room -= try view.referenceCount(row.number, of: manifest)
            guard room >= 0 || count == 0 else { break }
            count += 1
            guard room > 0 else { break }
        }
        return Array(manifests.prefix(count))
    }

    private func repositoryStep() throws(DecisionError) -> Decision {
        let row = try existing()
        guard row.tags > 0 || row.manifests > 0 || row.blobs > 0 else {
            throw .refused(.nameUnknown(change.repository))
        }
        // With room for the reason.
        let limit = Decision.eventsMax - 1
        var events = try reading { () throws(CatalogError) in
            try view.tags(row.number, after: "", limit: limit)
        }.map { Event.tagDeleted(row.key, $0) }
        let manifestsRoom = limit - events.count
        let references = try reading { () throws(CatalogError) in
            try view.referenceCount(row.number, limit: Decision.referencesMax + 1)
        }
        let isLastOfManifests =
            row.manifests <= UInt64(manifestsRoom) && references <= Decision.referencesMax
        // All of them stand and fall together; of more, those go first that no other one names.
        events += try reading { () throws(CatalogError) in
            isLastOfManifests
                ? try view.manifests(row.number, after: nil, limit: manifestsRoom)
                : try withinReferencesMax(
                    view.manifestsUnnamed(row.number, limit: manifestsRoom),
                    in: row
                )
        }.map { trash(row.key, $0) }
        guard isLastOfManifests, row.tags <= UInt64(limit) else {
            return Decision(events: events, isPartial: true)
        }
        let blobsRoom = limit - events.count
        events += try reading { () throws(CatalogError) in
            try view.links(row.number, after: nil, limit: blobsRoom)
        }.map { .blobUnlinked(row.key, $0) }
        return Decision(events: events, isPartial: row.blobs > UInt64(blobsRoom))
    }

    /// That a manifest is deleted, and can be had back from the trash for its time.
    func trash(_ key: RepositoryKey, _ digest: Digest) -> Event {
        .manifestTrashed(key, digest, until: trashUntil, linksUntil: linksUntil)
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
