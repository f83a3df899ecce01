// SPDX-License-Identifier: Apache-2.0

import OCI
import Simulation

/// The definition itself, for tiny histories: tries every order of every choice of those operations
/// that may not have happened.
struct BruteForce {
    private struct World {
        var values: [Subject: Digest] = [:]
    }

    private let operations: [TagOperation]
    private let repository: RepositoryName

    init(_ history: TagHistory) {
        repository = history.repository
        operations = history.operations.filter { operation in
            if case .change = operation.action { return operation.outcome != .refused }
            return operation.outcome == .done
        }
    }

    /// Whether some order explains the history.
    func isExplained() -> Bool {
        let optional = operations.indices.filter { operations[$0].outcome == .unknown }
        for choice in 0..<(1 << optional.count) {
            let left = Set(
                optional.enumerated().filter { choice >> $0.offset & 1 == 0 }.map(\.element)
            )
            let chosen = operations.indices.filter { !left.contains($0) }
            if canOrder(chosen, from: World()) { return true }
        }
        return false
    }

    private func canOrder(_ rest: [Int], from world: World) -> Bool {
        guard !rest.isEmpty else { return true }
        // Whoever ended before another was called comes first.
        let firstEnd = rest.map { operations[$0].end ?? Int.max }.min() ?? Int.max
        for next in rest where operations[next].call <= firstEnd {
            let others = rest.filter { $0 != next }
            for after in outcomes(operations[next], world) where canOrder(others, from: after) {
                return true
            }
        }
        return false
    }

    private func outcomes(_ operation: TagOperation, _ world: World) -> [World] {
        switch operation.action {
        case .shows(let tag, let digest):
            return world.values[.tag(repository, tag)] == digest ? [world] : []
        case .has(let digest, let isThere):
            return (world.values[.manifest(repository, digest)] != nil) == isThere ? [world] : []
        case .lists(let page):
            var names: [Tag] = []
            for subject in world.values.keys {
                if case .tag(_, let tag) = subject, tag.description > page.last {
                    names.append(tag)
                }
            }
            names.sort()
            let isSame = Array(names.prefix(page.limit)) == page.names
            return isSame && (names.count > page.limit) == page.hasMore ? [world] : []
        case .change(let effects):
            let isMet = effects.allSatisfy { effect in
                let current = world.values[effect.subject]
                if let current, current == effect.value { return true }
                return switch effect.demand {
                case nil: true
                case .absent: current == nil
                case .present: current != nil
                case .value(let digest): current == digest
                }
            }
            if operation.outcome == .unmet { return isMet ? [] : [world] }
            return isMet ? applied(effects, world) : []
        }
    }

    private func applied(_ effects: [Effect], _ world: World) -> [World] {
        var next = world
        for effect in effects where effect.force == .certain {
            let current = next.values[effect.subject]
            guard effect.onlyIf == nil || effect.onlyIf == current else { continue }
            next.values[effect.subject] = effect.value
        }
        var all = [next]
        for effect in effects where effect.force == .possible {
            for base in all {
                var other = base
                other.values[effect.subject] = effect.value
                if isWhole(other) { all.append(other) }
            }
        }
        return all
    }

    /// Whether every tag points to a manifest that is there.
    private func isWhole(_ world: World) -> Bool {
        world.values.allSatisfy { subject, digest in
            guard case .tag = subject else { return true }
            return world.values[.manifest(repository, digest)] != nil
        }
    }
}
