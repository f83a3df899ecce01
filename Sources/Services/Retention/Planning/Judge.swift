// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform

/// What the rules say of each image of a repository.
struct Judge {
    let rules: [(number: Int, rule: Rule)]
    let family: Family
    let now: UInt64
    private let pulled: [UInt32?]
    private let isLocked: [Bool]
    private let overloaded: [Digest?]

    /// What becomes of an image.
    enum Verdict {
        case stays(Standing)
        case goes([Ground])
    }

    init(
        rules: [(number: Int, rule: Rule)],
        family: Family,
        now: UInt64,
        locked: Set<Digest>
    ) {
        (self.rules, self.family, self.now) = (rules, family, now)
        pulled = family.latest(\.pulledDay)
        isLocked = family.latest { locked.contains($0.digest) ? 1 : nil }.map { $0 != nil }
        overloaded = family.latest { $0.tags.count > Planner.tagsMax ? $0.digest : nil }
    }

    func image(_ top: Int, _ members: [Int]) -> Plan.Image {
        let stock = family.stocks[top]
        return Plan.Image(
            digest: stock.digest,
            mediaType: stock.mediaType,
            tags: family.ownTags[top],
            pushed: stock.pushed,
            pulledDay: pulled[top],
            bytes: members.reduce(0) { $0 + family.stocks[$1].size },
            manifests: members.count
        )
    }

    /// One for each of these, which are all the images there are.
    func verdicts(on tops: [Int]) -> [Verdict] {
        let counted = tops.filter { !isUnfinished($0) }
        var orders: [Int: (place: [Int: Int], count: Int)] = [:]
        for (number, rule) in rules {
            guard case .keepNewest(_, let clock) = rule.action else { continue }
            let selected = counted.filter { selects(rule, $0) }
                .sorted { order($1, clock) < order($0, clock) }
            let places = selected.enumerated().map { ($0.element, $0.offset + 1) }
            orders[number] = (Dictionary(uniqueKeysWithValues: places), selected.count)
        }
        return tops.map { top in
            let findings = rules.compactMap { number, rule in
                finding(of: rule, top, orders[number]).map { finding in
                    (rule, Ground(rule: number, name: rule.name, finding: finding))
                }
            }
            return verdict(on: top, findings)
        }
    }

    private func verdict(on top: Int, _ findings: [(Rule, Ground)]) -> Verdict {
        if isLocked[top] { return .stays(.locked) }
        if let day = pulled[top], day >= Moment(milliseconds: now).dayNumber {
            return .stays(.pulledToday)
        }
        if isUnfinished(top) { return .stays(.unfinished) }
        if let digest = overloaded[top] { return .stays(.tooManyTags(digest)) }
        for (rule, ground) in findings where selects(rule, top) && rule.says(ground) == .stay {
            return .stays(.rule(ground))
        }
        let tags = family.ownTags[top]
        let going = findings.filter { $0.0.says($0.1) == .go }
        var grounds: [Ground] = []
        for tag in tags.isEmpty ? [nil] : tags.map(Optional.some) {
            let found = going.first { $0.0.selects(tag: tag?.description) }
            guard let (_, ground) = found else { return .stays(.noRule(tag)) }
            if !grounds.contains(ground) { grounds.append(ground) }
        }
        return .goes(grounds)
    }

    /// Whether a rule is about any tag of an image, or about images without one.
    private func selects(_ rule: Rule, _ top: Int) -> Bool {
        let tags = family.ownTags[top]
        return tags.isEmpty
            ? rule.selects(tag: nil) : tags.contains { rule.selects(tag: $0.description) }
    }

    private func isUnfinished(_ top: Int) -> Bool {
        let stock = family.stocks[top]
        return family.ownTags[top].isEmpty && age(stock.pushed) < Planner.unfinishedMilliseconds
    }

    private func finding(
        of rule: Rule,
        _ top: Int,
        _ order: (place: [Int: Int], count: Int)?
    ) -> Ground.Finding? {
        switch rule.action {
        case .keepNewest(let limit, let clock):
            guard let order, let place = order.place[top] else { return nil }
            return .place(place, of: order.count, by: clock, limit: limit)
        case .keepDays(let limit, let clock), .removeDays(let limit, let clock):
            return .age(days(age(last(top, clock))), since: clock, limit: limit)
        case .untaggedDays(let limit):
            guard family.ownTags[top].isEmpty else { return nil }
            let stock = family.stocks[top]
            let since = stock.untaggedSince > 0 ? stock.untaggedSince : stock.pushed
            return .untagged(days(age(since)), limit: limit)
        }
    }

    /// The end of what a clock measures: a day counts as a whole.
    private func last(_ top: Int, _ clock: Rule.Clock) -> UInt64 {
        let pushed = family.stocks[top].pushed
        guard clock == .pull, let day = pulled[top] else { return pushed }
        return max(pushed, Moment(day: day).milliseconds + Moment.dayMilliseconds)
    }

    /// Later ones are newer; by pulls of one day, the later push.
    private func order(_ top: Int, _ clock: Rule.Clock) -> (UInt32, UInt64, Digest) {
        let stock = family.stocks[top]
        let day = Moment(milliseconds: stock.pushed).dayNumber
        return (clock == .push ? 0 : max(pulled[top] ?? 0, day), stock.pushed, stock.digest)
    }

    private func age(_ moment: UInt64) -> UInt64 {
        now > moment ? now - moment : 0
    }

    private func days(_ milliseconds: UInt64) -> Int {
        Int(clamping: milliseconds / Moment.dayMilliseconds)
    }
}

/// What a rule says of an image it selects.
private enum Saying {
    case stay
    case go
    case nothing
}

extension Rule {
    fileprivate func says(_ ground: Ground) -> Saying {
        switch (action, ground.finding) {
        case (.keepNewest(let limit, _), .place(let place, _, _, _)):
            place <= limit ? .stay : .go
        case (.keepDays(let limit, _), .age(let days, _, _)): days < limit ? .stay : .nothing
        case (.removeDays(let limit, _), .age(let days, _, _)): days >= limit ? .go : .nothing
        case (.untaggedDays(let limit), .untagged(let days, _)): days >= limit ? .go : .nothing
        default: .nothing
        }
    }
}
