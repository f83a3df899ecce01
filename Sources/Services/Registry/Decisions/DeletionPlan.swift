// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

/// What goes with a manifest that is deleted.
struct DeletionPlan {
    let decider: Decider
    let row: RepositoryRow
    private var events: [Event] = []
    private var manifests: Set<Digest> = []
    private var tags: Set<Tag> = []

    init(decider: Decider, row: RepositoryRow) {
        self.decider = decider
        self.row = row
    }

    /// More than fits one entry: who has so many tags, or is named so often, is seen to have too many.
    private static let pageMax = Decision.eventsMax + 1

    /// Whether no more events than these are of use.
    private var isFull: Bool { events.count > Decision.eventsMax }

    /// A manifest, after everything that goes because of it.
    mutating func add(_ digest: Digest) throws(DecisionError) {
        guard !isFull, manifests.insert(digest).inserted else { return }
        for tag in try tags(of: digest) where tags.insert(tag).inserted {
            events.append(.tagDeleted(row.key, tag))
        }
        if !decider.rules.keepsReferrers { try addReferrers(of: digest) }
        events.append(.manifestDeleted(row.key, digest))
    }

    private mutating func addReferrers(of digest: Digest) throws(DecisionError) {
        for tag in digest.companionTags where !tags.contains(tag) {
            guard let attached = try decider.tag(tag, in: row) else { continue }
            tags.insert(tag)
            events.append(.tagDeleted(row.key, tag))
            try addIfUnused(attached)
        }
        var after: Digest?
        repeat {
            let page = try decider.reading { () throws(CatalogError) in
                try decider.view.referrers(
                    row.number,
                    of: digest,
                    after: after,
                    limit: DeletionPlan.pageMax
                )
            }
            for referrer in page { try addIfUnused(referrer) }
            after = page.count == DeletionPlan.pageMax ? page.last : nil
        } while after != nil && !isFull
    }

    /// Goes too, unless a tag that stays, or a manifest that stays, names it.
    private mutating func addIfUnused(_ digest: Digest) throws(DecisionError) {
        guard !isFull, !manifests.contains(digest), try decider.hasManifest(row, digest),
            try tags(of: digest).allSatisfy(tags.contains),
            try namers(of: digest).allSatisfy(manifests.contains)
        else { return }
        try add(digest)
    }

    /// Everything as one entry, or as much of it as fits and leaves nothing that a manifest names
    /// without the manifest itself (I2).
    func decision() throws(DecisionError) -> Decision {
        guard isFull else { return Decision(events: events) }
        var step: [Event] = []
        var gone: Set<Digest> = []
        for event in events.prefix(Decision.eventsMax) {
            if case .manifestDeleted(_, let digest) = event {
                guard try namers(of: digest).allSatisfy(gone.contains) else { break }
                gone.insert(digest)
            }
            step.append(event)
        }
        guard !step.isEmpty else {
            throw .refused(
                .tooLarge(
                    "more than \(Decision.eventsMax) referrers name one another; delete them first"
                )
            )
        }
        return Decision(events: step, isPartial: true)
    }

    private func tags(of digest: Digest) throws(DecisionError) -> [Tag] {
        try decider.reading { () throws(CatalogError) in
            try decider.view.tags(row.number, of: digest, limit: DeletionPlan.pageMax)
        }
    }

    private func namers(of digest: Digest) throws(DecisionError) -> [Digest] {
        try decider.reading { () throws(CatalogError) in
            try decider.view.manifestsNaming(row.number, digest, limit: DeletionPlan.pageMax)
        }
    }
}
