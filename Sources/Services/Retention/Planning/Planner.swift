// SPDX-License-Identifier: Apache-2.0

public import OCI
import Platform

/// Decides which images of a repository stay: a pure function of what it is given.
///
/// It counts images, not tags: a manifest that follows another one (`Family`) is part of that one's
/// image, and goes when the last image goes that has it. A follower with a tag that somebody chose is
/// not taken along: with nothing left to follow it is an image of its own, and judged as one.
public struct Planner: Sendable {
    /// The namespace's policy.
    public var policy: Policy
    /// The expiry clock, in ms since 1970.
    public var now: UInt64
    /// Manifests that may not go.
    public var locked: Set<Digest>

    /// What without a tag is younger than this may be a push that has not ended: it is neither removed
    /// nor counted.
    static let unfinishedMilliseconds = Moment.dayMilliseconds
    /// The most tags of a manifest that goes: with the manifest's own event and the reason they are as
    /// many events as an entry may have.
    public static let tagsMax = 1998
    /// How often freed followers are judged; what is left then waits for the next run.
    static let roundsMax = 16

    /// Makes a planner.
    public init(policy: Policy, now: UInt64, locked: Set<Digest> = []) {
        self.policy = policy
        self.now = now
        self.locked = locked
    }

    /// What becomes of the manifests of a repository with this path in its namespace.
    public func plan(_ stocks: [Stock], path: String) -> Plan {
        let rules = policy.rules(for: path)
        let family = Family(stocks)
        let judge = Judge(rules: rules, family: family, now: now, locked: locked)
        var living = Array(repeating: true, count: stocks.count)
        var plan = Plan()
        for _ in 0..<Planner.roundsMax {
            let tops = family.tops(of: living)
            let verdicts = judge.verdicts(on: tops)
            let going = zip(tops, verdicts).compactMap { top, verdict in
                if case .goes(let grounds) = verdict { (top, grounds) } else { nil }
            }
            let staying = zip(tops, verdicts).compactMap { top, verdict in
                if case .stays(let standing) = verdict { (top, standing) } else { nil }
            }
            guard !going.isEmpty else {
                plan.kept = kept(staying, family, judge, living)
                return plan
            }
            let circled = remove(going, but: staying.map(\.0), family, judge, &living, &plan)
            plan.kept = kept(staying + circled, family, judge, living)
            if circled.count == going.count { return plan }
        }
        return plan
    }

    private func kept(
        _ staying: [(top: Int, standing: Standing)],
        _ family: Family,
        _ judge: Judge,
        _ living: [Bool]
    ) -> [Plan.Kept] {
        var marked = living.map { !$0 }
        return staying.map { top, standing in
            var members: [Int] = []
            family.walk(from: top, marking: &marked) { members.append($0) }
            return Plan.Kept(image: judge.image(top, members), standing: standing)
        }
    }

    /// Plans what goes, the oldest first.
    ///
    /// What two share goes with the later one, so that nothing that is still there
    /// names what is gone. Returns those that stay because what follows them leads them too.
    private func remove(
        _ going: [(top: Int, grounds: [Ground])],
        but staying: [Int],
        _ family: Family,
        _ judge: Judge,
        _ living: inout [Bool],
        _ plan: inout Plan
    ) -> [(top: Int, standing: Standing)] {
        var marked = living.map { !$0 }
        for top in staying { family.walk(from: top, marking: &marked) { _ in } }
        let isTop = Set(going.map(\.top))
        for place in family.stocks.indices
        where !family.ownTags[place].isEmpty && !isTop.contains(place) {
            family.walk(from: place, marking: &marked) { _ in }
        }
        let ordered = going.sorted {
            let (one, other) = (family.stocks[$0.top], family.stocks[$1.top])
            return (one.pushed, one.digest) < (other.pushed, other.digest)
        }
        var circled: [(top: Int, standing: Standing)] = []
        var removed: [(removal: Plan.Removal, places: [Int])] = []
        for (top, grounds) in ordered.reversed() {
            var places: [Int] = []
            family.walk(from: top, marking: &marked) { places.append($0) }
            guard !places.isEmpty else {
                circled.append((top, .circle))
                continue
            }
            let removal = Plan.Removal(
                image: judge.image(top, places),
                grounds: grounds,
                members: family.namersFirst(places).map { family.stocks[$0] },
                looseTags: [],
                bystanders: []
            )
            removed.append((removal, places))
        }
        for (_, places) in removed { for place in places { living[place] = false } }
        for (removal, places) in removed.reversed() {
            var removal = removal
            removal.looseTags = places.flatMap { place in
                family.companions[place].filter { living[$0.at] }.map(\.tag)
            }
            let staying = places.flatMap { family.followers[$0] }.filter { living[$0] }
            removal.bystanders = Set(staying).sorted().map { family.stocks[$0].digest }
            plan.removed.append(removal)
        }
        return circled
    }
}
