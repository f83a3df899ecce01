// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

/// What goes with a manifest that is deleted: an explicit walk, since referrers may have referrers
/// to any depth.
///
/// The same whatever order the digests have: who stays only because a manifest names him is looked
/// at again when that one goes.
struct DeletionPlan {
    /// Manifests that one decision looks at, so that the journal's head is not held for long.
    static let looksMax = 5 * Decision.eventsMax

    /// A manifest that goes.
    private struct Going {
        var digest: Digest
        /// The tags that point to it, and those that clients made for it.
        var tags: [Tag]
        /// Those looked at because of it.
        var followers: [Digest] = []
    }

    /// A manifest that goes whose followers are being looked at.
    private struct Visit {
        var going: Going
        var companions: [Tag]
        /// The last referrer looked at.
        var after: Digest?
        var isOver: Bool
    }

    private let decider: Decider
    private let row: RepositoryRow
    private let root: Digest
    /// The innermost last.
    private var visits: [Visit] = []
    /// Those whose followers were all looked at, in that order.
    private var plan: [Going] = []
    private var eventsCount = 0
    private var looks = 0
    private var last: Digest
    /// All manifests and tags that go, also of the visits under way.
    private var manifests: Set<Digest> = []
    private var tags: Set<Tag> = []
    /// Those that stay while another one names them, by that one.
    private var kept: [Digest: [Digest]] = [:]
    private var waiting: Set<Digest> = []

    /// Finds out what goes with a manifest that is there.
    init(deleting root: Digest, decider: Decider, row: RepositoryRow) throws(DecisionError) {
        (self.root, self.decider, self.row) = (root, decider, row)
        last = root
        visit(root, tags: try tags(of: root))
        while !visits.isEmpty, !isCut {
            if let follower = try nextFollower() {
                visits[visits.count - 1].going.followers.append(follower)
                try look(at: follower)
            } else {
                try finish()
            }
        }
    }

    /// More than fits one entry: who has so many tags, or is named so often, is seen to have too many.
    private static let pageMax = Decision.eventsMax + 1

    /// Whether this is as much as one decision does.
    private var isCut: Bool { eventsCount > Decision.eventsMax || looks > DeletionPlan.looksMax }

    // MARK: Walking

    /// The next cosign's or fallback's tag whose manifest may go, then the next referrer.
    private mutating func nextFollower() throws(DecisionError) -> Digest? {
        let index = visits.count - 1
        while let tag = visits[index].companions.popLast() {
            guard let attached = try decider.tag(tag, in: row) else { continue }
            tags.insert(tag)
            visits[index].going.tags.append(tag)
            return attached
        }
        guard !visits[index].isOver else { return nil }
        let (subject, after) = (visits[index].going.digest, visits[index].after)
        let next = try decider.reading { () throws(CatalogError) in
            try decider.view.referrers(row.number, of: subject, after: after, limit: 1)
        }.first
        visits[index].after = next
        visits[index].isOver = next == nil
        return next
    }

    /// Goes too, unless a tag that stays, or a manifest that stays, names it.
    private mutating func look(at digest: Digest) throws(DecisionError) {
        (looks, last) = (looks + 1, digest)
        guard !manifests.contains(digest), try decider.hasManifest(row, digest) else { return }
        let named = try tags(of: digest)
        guard named.allSatisfy(tags.contains) else { return }
        if let namer = try namers(of: digest).first(where: { !manifests.contains($0) }) {
            if waiting.insert(digest).inserted { kept[namer, default: []].append(digest) }
            return
        }
        visit(digest, tags: named)
    }

    private mutating func visit(_ digest: Digest, tags named: [Tag]) {
        manifests.insert(digest)
        tags.formUnion(named)
        let keepsReferrers = decider.rules.keepsReferrers
        visits.append(
            Visit(
                going: Going(digest: digest, tags: named),
                companions: keepsReferrers ? [] : digest.companionTags.reversed(),
                isOver: keepsReferrers
            )
        )
    }

    private mutating func finish() throws(DecisionError) {
        let going = visits.removeLast().going
        plan.append(going)
        eventsCount += going.tags.count + 1
        for digest in kept.removeValue(forKey: going.digest) ?? [] {
            waiting.remove(digest)
            try look(at: digest)
        }
    }

    // MARK: Deciding

    /// Everything as one entry, or as much of it as fits and leaves nothing behind that the next step
    /// would not find.
    func decision() throws(DecisionError) -> Decision {
        guard isCut else { return Decision(events: events(of: plan)) }
        let step = try self.step()
        guard !step.isEmpty else {
            throw .refused(
                .tooLarge(
                    "too many manifests refer to it or to its referrers (more than "
                        + "\(DeletionPlan.looksMax), or than \(Decision.eventsMax) that name one "
                        + "another); delete some of them first, such as \(last)"
                )
            )
        }
        let isWhole = step.contains {
            if case .manifestTrashed(_, root, _, _) = $0 { true } else { false }
        }
        guard !isWhole else { return Decision(events: step) }
        // By this what went with the manifest is told from what was deleted before.
        let reason = Event.reasonGiven(DeletionStep.reason(root))
        return Decision(events: step + [reason], isPartial: true)
    }

    /// Those that nothing names any more (I2), and whose followers went before them: the next step
    /// finds what is left by way of what they followed.
    private func step() throws(DecisionError) -> [Event] {
        var step: [Going] = []
        var count = 0
        var gone: Set<Digest> = []
        // With room for the reason.
        let limit = Decision.eventsMax - 1
        for going in plan {
            guard
                going.followers.allSatisfy({ gone.contains($0) || stays($0) }),
                try namers(of: going.digest).allSatisfy(gone.contains)
            else { continue }
            guard count + going.tags.count + 1 <= limit else {
                guard step.isEmpty else { break }
                // More tags than an entry has events.
                return going.tags.prefix(limit).map { .tagDeleted(row.key, $0) }
            }
            gone.insert(going.digest)
            step.append(going)
            count += going.tags.count + 1
        }
        return events(of: step)
    }

    private func stays(_ digest: Digest) -> Bool {
        !manifests.contains(digest) && !waiting.contains(digest)
    }

    private func events(of plan: [Going]) -> [Event] {
        var events: [Event] = []
        var gone: Set<Tag> = []
        for going in plan {
            for tag in going.tags where gone.insert(tag).inserted {
                events.append(.tagDeleted(row.key, tag))
            }
            events.append(decider.trash(row.key, going.digest))
        }
        return events
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
