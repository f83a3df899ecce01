// SPDX-License-Identifier: Apache-2.0

import OCI
import Simulation

/// Histories of a map of tags that really was one, with answers as they were; `spoiled` then makes one
/// of them another.
struct RandomHistory {
    private struct Plan {
        var call: Int
        var moment: Int
        var end: Int
    }

    let words: HandMade
    var generator: SeededGenerator
    /// In how many of a hundred changes nobody ever hears what became of it.
    var endlessPercent = 5
    private var tags: [UInt8] = [0, 0, 0]
    private var manifests: Set<UInt8> = []

    init(_ words: HandMade, seed: UInt64) {
        self.words = words
        generator = SeededGenerator(seed: seed)
    }

    /// So many operations, of which at most `concurrency` overlap.
    mutating func make(_ count: Int, concurrency: Int, digests: UInt8) -> TagHistory {
        (tags, manifests) = ([0, 0, 0], [])
        var plans: [Plan] = []
        var free = Array(repeating: 0, count: concurrency)
        for _ in 0..<count {
            // Whoever is free first goes on.
            let client = free.indices.min { free[$0] < free[$1] } ?? 0
            let call = free[client] + 1 + generator.below(6)
            let moment = call + generator.below(12)
            let end = moment + generator.below(12)
            free[client] = end
            plans.append(Plan(call: call, moment: moment, end: end))
        }
        plans.sort { ($0.moment, $0.call) < ($1.moment, $1.call) }
        var operations: [TagOperation] = []
        for plan in plans { operations.append(operation(plan, digests)) }
        return TagHistory(words.repository, operations)
    }

    /// The same with the answer of one operation replaced by another's.
    mutating func spoiled(_ history: TagHistory) -> TagHistory {
        var history = history
        guard !history.operations.isEmpty else { return history }
        let index = generator.below(history.operations.count)
        let other = generator.pick(history.operations)
        switch history.operations[index].action {
        case .change:
            // What was never answered stays so.
            guard history.operations[index].end != nil else { break }
            history.operations[index].outcome = generator.pick([.done, .unmet, .refused])
        case .shows(let tag, _):
            let digest = HandMade.digest(UInt8(generator.below(3)))
            history.operations[index].action = .shows(tag, digest)
        case .has(let digest, let isThere):
            history.operations[index].action = .has(digest, !isThere)
        case .lists:
            if case .lists = other.action { history.operations[index].action = other.action }
        }
        return history
    }

    private mutating func operation(_ plan: Plan, _ digests: UInt8) -> TagOperation {
        let number = UInt8(generator.within(1...Int(digests)))
        let tag = generator.below(tags.count)
        switch generator.below(12) {
        case 0...2:
            let chosen = tags.indices.filter { _ in generator.chance(1, in: 2) }
            return change(plan, words.put(number, under: chosen), isMet: true) { world in
                world.manifests.insert(number)
                for tag in chosen { world.tags[tag] = number }
            }
        case 3, 4:
            let expected = UInt8(generator.below(Int(digests) + 1))
            let demand = HandMade.digest(expected).map { Demand.value($0) } ?? .absent
            let isMet = tags[tag] == expected || tags[tag] == number
            return change(plan, words.put(number, tag, demand: demand), isMet: isMet) { world in
                world.manifests.insert(number)
                world.tags[tag] = number
            }
        case 5:
            return change(plan, words.delete(tag: tag), isMet: tags[tag] != 0) { world in
                world.tags[tag] = 0
            }
        case 6:
            let referrer = number % digests + 1
            let effects = words.delete(
                manifest: number,
                perhaps: referrer == number ? 0 : referrer
            )
            let isTaken = referrer != number && generator.chance(1, in: 2)
            return change(plan, effects, isMet: manifests.contains(number)) { world in
                world.manifests.remove(number)
                for tag in world.tags.indices where world.tags[tag] == number {
                    world.tags[tag] = 0
                }
                if isTaken, !world.tags.contains(referrer) { world.manifests.remove(referrer) }
            }
        case 7:
            let seen = words.has(plan.call, plan.end, number, manifests.contains(number))
            return seen ?? words.saw(plan.call, plan.end, tag, tags[tag])
        case 8, 9:
            let limit = generator.within(1...3)
            let all = tags.indices.filter { tags[$0] != 0 }
            return words.listed(
                plan.call,
                plan.end,
                Array(all.prefix(limit)),
                limit: limit,
                hasMore: all.count > limit
            )
        default: return words.saw(plan.call, plan.end, tag, tags[tag])
        }
    }

    private mutating func change(
        _ plan: Plan,
        _ effects: [Effect],
        isMet: Bool,
        _ apply: (inout RandomHistory) -> Void
    ) -> TagOperation {
        // Nobody knows of a tenth whether they happened, and half of those did not.
        let isUnknown = generator.chance(1, in: 10)
        let isEndless = generator.below(100) < endlessPercent
        if isMet, !(isUnknown || isEndless) || generator.chance(1, in: 2) { apply(&self) }
        if isUnknown || isEndless {
            return words.did(plan.call, isEndless ? nil : plan.end, effects, .unknown)
        }
        return words.did(plan.call, plan.end, effects, isMet ? .done : .unmet)
    }
}
