// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@testable import Retention

/// The rules of retention as they read, without a thought for what they cost.
struct Model {
    let rules: [Rule]
    let locked: Set<Digest>
    /// Looked up again and again.
    private static let companions = Dictionary(
        uniqueKeysWithValues: (1...30).map { (digest($0), digest($0).companionTags) }
    )

    /// Which manifests go.
    func gone(_ all: [Stock]) -> Set<Digest> {
        var living = all
        while true {
            let stay = staying(living, all)
            if stay.count == living.count { break }
            living = living.filter { stay.contains($0.digest) }
        }
        return Set(all.map(\.digest)).subtracting(living.map(\.digest))
    }

    private func staying(_ living: [Stock], _ all: [Stock]) -> Set<Digest> {
        let tops = living.filter { isTop($0, living, all) }
        var stay: Set<Digest> = []
        for stock in living {
            let isJudged = tops.contains(stock)
            let remains = isJudged ? !goes(stock, tops, living, all) : !own(stock, all).isEmpty
            if remains { stay.formUnion(reach(stock, living).map(\.digest)) }
        }
        return stay
    }

    private func follows(_ one: Stock, _ other: Stock) -> Bool {
        one.digest != other.digest
            && (other.children.contains(one.digest) || one.subject == other.digest
                || one.tags.contains { Model.spells($0, other) })
    }

    private func reach(_ stock: Stock, _ living: [Stock]) -> [Stock] {
        var reached = [stock]
        while true {
            let more = living.filter { one in
                !reached.contains(one) && reached.contains { follows(one, $0) }
            }
            if more.isEmpty { return reached }
            reached += more
        }
    }

    /// Nothing leads it but what it leads itself; of such a circle, one.
    private func isTop(_ stock: Stock, _ living: [Stock], _ all: [Stock]) -> Bool {
        let led = reach(stock, living)
        let leading = living.filter { reach($0, living).contains(stock) }
        guard leading.allSatisfy(led.contains) else { return false }
        let first = leading.min {
            (own($0, all).isEmpty ? 1 : 0, $0.digest) < (own($1, all).isEmpty ? 1 : 0, $1.digest)
        }
        return first == stock
    }

    private func own(_ stock: Stock, _ all: [Stock]) -> [OCI.Tag] {
        stock.tags.filter { tag in !all.contains { Model.spells(tag, $0) } }
    }

    private static func spells(_ tag: OCI.Tag, _ stock: Stock) -> Bool {
        tag.description.utf8.count > 64 && companions[stock.digest]?.contains(tag) == true
    }

    private func day(_ stock: Stock, _ living: [Stock]) -> UInt32? {
        reach(stock, living).compactMap(\.pulledDay).max()
    }

    private func isUnfinished(_ stock: Stock, _ all: [Stock]) -> Bool {
        own(stock, all).isEmpty && stock.pushed + 86_400_000 > Noon.now
    }

    private func age(_ stock: Stock, _ clock: Rule.Clock, _ living: [Stock]) -> Int {
        var last = stock.pushed
        if clock == .pull, let day = day(stock, living) {
            last = max(last, UInt64(day + 1) * 86_400_000)
        }
        return last >= Noon.now ? 0 : Int((Noon.now - last) / 86_400_000)
    }

    private func isSelected(_ stock: Stock, by rule: Rule, _ all: [Stock]) -> Bool {
        let tags = own(stock, all)
        if case .untaggedDays = rule.action { return tags.isEmpty }
        return rule.tags.isEmpty
            || tags.contains { tag in rule.tags.contains { $0.matches(tag.description) } }
    }

    private func isAmongNewest(
        _ count: Int,
        _ clock: Rule.Clock,
        _ stock: Stock,
        _ rule: Rule,
        _ tops: [Stock],
        _ living: [Stock],
        _ all: [Stock]
    ) -> Bool {
        func order(_ stock: Stock) -> (UInt32, UInt64, Digest) {
            let pushed = UInt32(stock.pushed / 86_400_000)
            return (
                clock == .push ? 0 : max(pushed, day(stock, living) ?? 0), stock.pushed,
                stock.digest
            )
        }
        let newer = tops.filter {
            !isUnfinished($0, all) && isSelected($0, by: rule, all) && order($0) > order(stock)
        }
        return newer.count < count
    }

    private func goes(_ stock: Stock, _ tops: [Stock], _ living: [Stock], _ all: [Stock]) -> Bool {
        let image = reach(stock, living)
        if image.contains(where: { locked.contains($0.digest) }) { return false }
        if let day = day(stock, living), day >= Noon.day { return false }
        if isUnfinished(stock, all) { return false }
        var letting: [Rule] = []
        for rule in rules where isSelected(stock, by: rule, all) {
            switch rule.action {
            case .keepNewest(let count, let clock):
                if isAmongNewest(count, clock, stock, rule, tops, living, all) { return false }
                letting.append(rule)
            case .keepDays(let days, let clock):
                if age(stock, clock, living) < days { return false }
            case .removeDays(let days, let clock):
                if age(stock, clock, living) >= days { letting.append(rule) }
            case .untaggedDays(let days):
                let since = stock.untaggedSince == 0 ? stock.pushed : stock.untaggedSince
                if Noon.now >= since + UInt64(days) * 86_400_000 { letting.append(rule) }
            }
        }
        let tags = own(stock, all)
        if tags.isEmpty { return letting.contains { $0.tags.isEmpty } }
        return tags.allSatisfy { tag in
            letting.contains { rule in
                rule.tags.isEmpty || rule.tags.contains { $0.matches(tag.description) }
            }
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// True once in so many times.
    mutating func one(in count: Int) -> Bool { within(1...count) == 1 }

    mutating func pick<Element>(_ all: [Element]) -> Element? {
        all.isEmpty ? nil : all[within(0...(all.count - 1))]
    }

    mutating func mixed<Element>(_ all: [Element]) -> [Element] {
        var rest = all
        var mixed: [Element] = []
        while !rest.isEmpty { mixed.append(rest.remove(at: within(0...(rest.count - 1)))) }
        return mixed
    }
}

@Suite struct `The planner and its model` {
    private static let names = ["v1", "v2", "v3", "pr-1", "pr-2", "latest", "x"]
    private static let patterns = ["v*", "pr-*", "*", "latest", "v1"]

    private func world(_ chance: inout SplitMix) -> [Stock] {
        let count = chance.within(0...8)
        var free = chance.mixed(Self.names)
        let numbers = chance.mixed(Array(1...20)).prefix(count).map(\.self)
        return numbers.enumerated().map { index, number in
            var tags: [String] = []
            while !free.isEmpty, chance.one(in: 3) {
                tags.append(free.removeLast())
            }
            let earlier = numbers.prefix(index)
            if let about = chance.pick(Array(earlier)),
                chance.one(in: 8)
            {
                tags.append(digest(about).companionTags[index % 4].description)
            }
            let children =
                chance.one(in: 3)
                ? earlier.filter { _ in chance.one(in: 2) } : []
            // A subject may come later, or never, and an index may be about its own child.
            let subject =
                chance.one(in: 4)
                ? chance.pick(earlier + [30]) : nil
            let pulled =
                chance.one(in: 3)
                ? chance.within(0...12) : nil
            return Stock.made(
                number,
                tags,
                pushed: chance.within(0...12),
                untagged: tags.isEmpty ? chance.within(0...12) : nil,
                pulled: pulled,
                children: children,
                subject: subject
            )
        }
    }

    /// No two manifests have one tag.
    private func withoutSharedTags(_ stocks: [Stock]) -> [Stock] {
        var seen: Set<OCI.Tag> = []
        return stocks.map { stock in
            var stock = stock
            stock.tags = stock.tags.filter { seen.insert($0).inserted }
            return stock
        }
    }

    private func rules(_ chance: inout SplitMix) -> [Rule] {
        (0..<chance.within(1...3)).map { _ in
            let clock = chance.one(in: 2) ? Rule.Clock.push : .pull
            let days = chance.within(1...10)
            let tags =
                chance.one(in: 2)
                ? []
                : [chance.pick(Self.patterns)].compactMap {
                    $0.flatMap { Pattern($0) }
                }
            switch chance.within(0...3) {
            case 0:
                return Rule(
                    tags: tags,
                    action: .keepNewest(chance.within(1...3), by: clock)
                )
            case 1: return Rule(tags: tags, action: .keepDays(days, since: clock))
            case 2: return Rule(tags: tags, action: .removeDays(days, since: clock))
            default: return Rule(action: .untaggedDays(days))
            }
        }
    }

    @Test(arguments: 0..<4)
    func `say the same of worlds made by chance, and what they say keeps the promises`(_ part: Int)
    {
        var chance = SplitMix(state: UInt64(part))
        var (going, staying) = (0, 0)
        for round in 0..<250 {
            let stocks = withoutSharedTags(world(&chance))
            let rules = rules(&chance)
            let locked = Set(
                stocks.map(\.digest).filter { _ in chance.one(in: 12) }
            )
            let planner = Planner(policy: Policy(rules: rules), now: Noon.now, locked: locked)
            let plan = planner.plan(chance.mixed(stocks), path: "")
            let gone = Set(plan.gone)
            #expect(
                gone == Model(rules: rules, locked: locked).gone(stocks),
                "part \(part), round \(round): \(rules) \(stocks)"
            )
            #expect(gone.count == plan.gone.count, "each goes once")
            #expect(gone.isDisjoint(with: locked))
            let counted = plan.kept.reduce(0) { $0 + $1.image.manifests }
            #expect(counted + gone.count == stocks.count, "each is said to stay or to go")
            checkSteps(plan, stocks)
            let rest = stocks.filter { !gone.contains($0.digest) }.map { stock in
                var stock = stock
                let loose = plan.removed.flatMap(\.looseTags)
                stock.tags.removeAll(where: loose.contains)
                return stock
            }
            #expect(planner.plan(rest, path: "").removed.isEmpty, "a second run finds nothing")
            going += plan.removed.count
            staying += plan.kept.count
        }
        #expect(going > 50 && staying > 50, "\(going) \(staying)")
    }

    /// After each manifest that goes, in order, nothing that is there names what is gone.
    private func checkSteps(_ plan: Plan, _ stocks: [Stock]) {
        var living = Dictionary(uniqueKeysWithValues: stocks.map { ($0.digest, $0) })
        let names = Set(stocks.map(\.digest))
        for member in plan.removed.flatMap(\.members) {
            #expect(living.removeValue(forKey: member.digest) == member)
            #expect(member.pulledDay.map { $0 < Noon.day } ?? true)
            for stock in living.values {
                #expect(!stock.children.contains { names.contains($0) && living[$0] == nil })
            }
        }
    }
}
