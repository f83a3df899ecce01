// SPDX-License-Identifier: Apache-2.0

import OCI

/// An operation in numbers: what it makes of a map, and of which maps.
struct TagStep {
    struct DemandStep {
        var slot: Int
        var kind: Demand
        /// The number of the digest demanded.
        var number: UInt16
        /// What the slot is set to: a tag that has it already meets every demand.
        var value: UInt16

        func holds(_ current: UInt16) -> Bool {
            if current == TagMap.anything || value != TagMap.absent && current == value {
                return true
            }
            return switch kind {
            case .absent: current == TagMap.absent
            case .present: current != TagMap.absent
            case .value: current == number
            }
        }
    }

    struct Write {
        var slot: Int
        var value: UInt16
        var onlyIf: UInt16?

        func apply(to map: inout TagMap) {
            let current = map.values[slot]
            guard onlyIf == nil || onlyIf == current else { return }
            map.values[slot] = value
        }
    }

    enum Action {
        case change([DemandStep], [Write], possible: [Write])
        case unmet([DemandStep])
        case shows(slot: Int, UInt16)
        /// The first tag after `last`, the numbers of the names, and what follows them.
        case lists(first: Int, names: [Int], limit: Int, hasMore: Bool)
        /// No map fits.
        case never
    }

    let action: Action
    let tagsCount: Int
    /// Slots it looks at, without those it sets whatever they are.
    private(set) var reads: [Int] = []
    /// Slots it may set.
    private(set) var writes: [Int] = []
    /// Both, as bits; slots beyond share them, which costs time and is never wrong.
    let footprint: UInt64

    /// Numbers an operation; nil when it says nothing about any map.
    init?(_ operation: TagOperation, _ vocabulary: TagVocabulary) {
        tagsCount = vocabulary.tags.count
        switch operation.action {
        case .change(let effects):
            guard let action = TagStep.change(effects, operation.outcome, vocabulary)
            else { return nil }
            self.action = action
        case .shows(let tag, let digest):
            action = .shows(slot: vocabulary.slot(tag), vocabulary.number(digest))
        case .has(let digest, let isThere):
            action = .shows(
                slot: vocabulary.slot(digest),
                isThere ? vocabulary.number(digest) : TagMap.absent
            )
        case .lists(let page):
            // A page of no names is empty whatever there is.
            guard page.limit > 0 else { return nil }
            action = TagStep.lists(page, vocabulary)
        }
        switch action {
        case .change(let demands, let certain, let possible):
            reads = demands.map(\.slot) + (possible.isEmpty ? [] : Array(0..<tagsCount))
            writes = (certain + possible).map(\.slot)
        case .unmet(let demands): reads = demands.map(\.slot)
        case .shows(let slot, _): reads = [slot]
        case .lists(let first, _, _, _): reads = Array(first..<tagsCount)
        case .never: break
        }
        footprint = (reads + writes).reduce(0) { $0 | 1 << UInt64($1 & 63) }
    }

    private static func change(
        _ effects: [Effect],
        _ outcome: Outcome,
        _ vocabulary: TagVocabulary
    ) -> Action? {
        var demands: [DemandStep] = []
        var certain: [Write] = []
        var possible: [Write] = []
        for effect in effects {
            guard let slot = vocabulary.slot(effect.subject) else { continue }
            let value = vocabulary.number(effect.value)
            if let kind = effect.demand {
                var number = TagMap.absent
                if case .value(let digest) = kind { number = vocabulary.number(digest) }
                demands.append(DemandStep(slot: slot, kind: kind, number: number, value: value))
            }
            let write = Write(
                slot: slot,
                value: value,
                onlyIf: effect.onlyIf.map { vocabulary.number($0) }
            )
            if effect.force == .certain { certain.append(write) } else { possible.append(write) }
        }
        settle(&certain, &possible)
        switch outcome {
        case .unmet: return demands.isEmpty ? .never : .unmet(demands)
        case .refused: return nil
        case .done, .unknown:
            return certain.isEmpty && possible.isEmpty && demands.isEmpty
                ? nil : .change(demands, certain, possible: possible)
        }
    }

    /// Where several values are possible in one slot, it may be anything: what is read next says what.
    private static func settle(_ certain: inout [Write], _ possible: inout [Write]) {
        var values: [Int: Set<UInt16>] = [:]
        for write in possible { values[write.slot, default: []].insert(write.value) }
        var open: Set<Int> = []
        for write in possible where values[write.slot, default: []].count > 1 {
            guard open.insert(write.slot).inserted else { continue }
            certain.append(Write(slot: write.slot, value: TagMap.anything, onlyIf: nil))
        }
        possible.removeAll { open.contains($0.slot) }
    }

    private static func lists(_ page: TagPage, _ vocabulary: TagVocabulary) -> Action {
        let first =
            vocabulary.tags.firstIndex {
                page.last.utf8.lexicographicallyPrecedes($0.description.utf8)
            } ?? vocabulary.tags.count
        let names = page.names.map { vocabulary.slot($0) }
        let isOrdered =
            zip(names, names.dropFirst()).allSatisfy { $0 < $1 } && names.first ?? first >= first
        guard isOrdered, names.count <= page.limit else { return .never }
        return .lists(first: first, names: names, limit: page.limit, hasMore: page.hasMore)
    }

    /// Whether it leaves every map as it is.
    var isRead: Bool {
        if case .change = action { return false }
        return true
    }

    /// Whether a read finds its answer in a map as it is, with nothing about it to be made known.
    func fits(_ map: TagMap) -> Bool {
        switch action {
        case .shows(let slot, let value): map.values[slot] == value
        case .change: false
        case .unmet, .lists, .never: outcomes(of: map, live: []).contains(map)
        }
    }

    /// The maps it can leave when it finds `map`; none when it cannot happen there.
    ///
    /// Slots that are not `live` are not looked at by anybody any more and stay as they are.
    func outcomes(of map: TagMap, live: [Bool]) -> [TagMap] {
        switch action {
        case .never: return []
        case .unmet(let demands):
            let isUnmet = demands.contains {
                map.values[$0.slot] == TagMap.anything || !$0.holds(map.values[$0.slot])
            }
            return isUnmet ? [map] : []
        case .shows(let slot, let value):
            return seen(map, slot, value).map { [$0] } ?? []
        case .lists(let first, let names, let limit, let hasMore):
            return listed(map, first, names, limit, hasMore).map { [$0] } ?? []
        case .change(let demands, let certain, let possible):
            guard demands.allSatisfy({ $0.holds(map.values[$0.slot]) }) else { return [] }
            var next = map
            for write in certain where live[write.slot] { write.apply(to: &next) }
            var all = [next]
            for write in possible where live[write.slot] {
                for base in all {
                    var other = base
                    write.apply(to: &other)
                    if other != base, isWhole(other, write) { all.append(other) }
                }
            }
            return all
        }
    }

    /// A manifest does not go while a tag points to it.
    private func isWhole(_ map: TagMap, _ write: Write) -> Bool {
        guard write.slot >= tagsCount, write.value == TagMap.absent else { return true }
        let number = UInt16(write.slot - tagsCount) + TagMap.firstDigest
        return !map.values[..<tagsCount].contains(number)
    }

    private func seen(_ map: TagMap, _ slot: Int, _ value: UInt16) -> TagMap? {
        if map.values[slot] == value { return map }
        guard map.values[slot] == TagMap.anything else { return nil }
        var known = map
        known.values[slot] = value
        return known
    }

    private func listed(
        _ map: TagMap,
        _ first: Int,
        _ names: [Int],
        _ limit: Int,
        _ hasMore: Bool
    ) -> TagMap? {
        var known = map
        var names = names[...]
        var room = limit
        var isMoreFound = false
        for slot in first..<tagsCount {
            if slot == names.first {
                guard map.values[slot] != TagMap.absent else { return nil }
                names.removeFirst()
                room -= 1
            } else if room == 0 && hasMore {
                isMoreFound = isMoreFound || map.values[slot] != TagMap.absent
            } else {
                // Neither listed nor said to follow.
                guard let without = seen(known, slot, TagMap.absent) else { return nil }
                known = without
            }
        }
        return isMoreFound == hasMore ? known : nil
    }
}
