// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension Decider {
    /// The pulls that are news: of manifests that are there, or in the trash, later than the last one known.
    func note(_ pulls: [Pull]) throws(DecisionError) -> Decision {
        var decision = Decision()
        for pull in pulls.prefix(Decision.eventsMax) {
            guard let row = try row(pull.repository) else { continue }
            let isTrashed = try reading { () throws(CatalogError) in
                try view.trashed(row.number, pull.digest) != nil
            }
            let isLive = try hasManifest(row, pull.digest)
            guard isTrashed || isLive else { continue }
            let known = try reading { () throws(CatalogError) in
                try view.lastPulled(row.number, pull.digest)
            }
            guard known.map({ $0 < pull.day }) ?? true else { continue }
            decision.events.append(.manifestPulled(row.key, pull.digest, day: pull.day))
        }
        return decision
    }

    /// All of it or nothing: what was pushed, tagged, pulled or named since this was planned protects, and so
    /// does a policy that was set or taken away since.
    func retire(_ retirement: Retirement) throws(DecisionError) -> Decision {
        let row = try existing()
        let policy = try reading { () throws(CatalogError) in
            try view.retentionPolicy(of: row.key.namespace)
        }
        guard policy == retirement.policy else { throw .refused(.policyChanged) }
        let going = Set(retirement.members.map(\.digest))
        let known = going.union(retirement.known)
        var events: [Event] = []
        for member in retirement.members {
            try checkUnchanged(member, in: row)
            try checkFollowers(of: member.digest, in: row, going: going, known: known)
            events += member.tags.map { .tagDeleted(row.key, $0) }
            events.append(trash(row.key, member.digest))
        }
        for tag in retirement.looseTags where try self.tag(tag, in: row) != nil {
            events.append(.tagDeleted(row.key, tag))
        }
        events.append(.reasonGiven(retirement.reason))
        guard events.count <= Decision.eventsMax else {
            throw .refused(.tooLarge("an image with its tags needs \(events.count) events"))
        }
        return Decision(events: events)
    }

    private func checkUnchanged(
        _ member: Retirement.Member,
        in row: RepositoryRow
    ) throws(DecisionError) {
        let now = try reading { () throws(CatalogError) in
            try view.retentionRow(row.number, member.digest, tagsMax: member.tags.count + 1)
        }
        guard let now, now.stamp == member.stamp, now.tags == member.tags,
            now.pulled == member.pulledDay
        else { throw .refused(.changedSince(member.digest)) }
    }

    /// Nothing that stays may name it, and nothing may refer to it that was not known.
    private func checkFollowers(
        of digest: Digest,
        in row: RepositoryRow,
        going: Set<Digest>,
        known: Set<Digest>
    ) throws(DecisionError) {
        let (namers, referrers) = try reading { () throws(CatalogError) in
            (
                try view.manifestsNaming(row.number, digest, limit: going.count + 1),
                try view.referrers(row.number, of: digest, after: nil, limit: known.count + 1)
            )
        }
        var attached: [Digest] = []
        for tag in digest.companionTags {
            if let digest = try self.tag(tag, in: row) { attached.append(digest) }
        }
        guard namers.allSatisfy(going.contains), referrers.allSatisfy(known.contains),
            attached.allSatisfy(known.contains)
        else { throw .refused(.changedSince(digest)) }
    }

    /// A policy for a namespace that is there.
    func setRetentionPolicy(_ policy: String) throws(DecisionError) -> Decision {
        let (key, first) = try target()
        guard first.isEmpty else { throw .refused(.nameUnknown(change.repository)) }
        let current = try reading { () throws(CatalogError) in
            try view.retentionPolicy(of: key.namespace)
        }
        guard policy != current ?? "" else { return Decision() }
        return Decision(events: [.retentionPolicySet(key.namespace, policy: policy)])
    }
}
