// SPDX-License-Identifier: Apache-2.0

public import OCI
import Synchronization

extension Ledger {
    /// Notes what a request, sent at tick `begun`, saw of a repository's tags or manifests.
    public func note(
        _ action: TagOperation.Action,
        of repository: RepositoryName,
        _ request: String,
        begunAt begun: Int
    ) {
        state.withLock { state in
            let operation = TagOperation(request, begun, state.tick(), action)
            state.histories[repository, default: TagHistory(repository)]
                .operations.append(operation)
        }
    }

    /// The history of each repository's tags and manifests, by name.
    public var histories: [TagHistory] {
        state.withLock { state in
            state.histories.keys.sorted().compactMap { state.histories[$0] }
        }
    }
}

extension Ledger.State {
    /// Notes a change in the history of each repository whose tags or manifests it means to change.
    mutating func record(_ effects: [Effect], _ request: String, at begun: Int) {
        var byRepository: [(repository: RepositoryName, effects: [Effect])] = []
        for effect in effects {
            guard let repository = effect.subject.repositoryOfTags else { continue }
            if let index = byRepository.firstIndex(where: { $0.repository == repository }) {
                byRepository[index].effects.append(effect)
            } else {
                byRepository.append((repository, [effect]))
            }
        }
        for (repository, effects) in byRepository {
            var history = histories.removeValue(forKey: repository) ?? TagHistory(repository)
            places[begun, default: []].append(
                Ledger.HistoryPlace(repository: repository, index: history.operations.count)
            )
            history.operations.append(
                TagOperation(request, begun, nil, .change(effects), .unknown)
            )
            histories[repository] = history
        }
    }

    /// Gives the operations of one request other effects.
    mutating func refine(_ effects: [Effect], at begun: Int) {
        for place in places[begun] ?? [] {
            histories[place.repository]?.operations[place.index].action = .change(
                effects.filter { $0.subject.repositoryOfTags == place.repository }
            )
        }
    }

    mutating func close(_ begun: Int, at ended: Int, _ outcome: Outcome) {
        for place in places.removeValue(forKey: begun) ?? [] {
            histories[place.repository]?.operations[place.index].end = ended
            histories[place.repository]?.operations[place.index].outcome = outcome
        }
    }
}
