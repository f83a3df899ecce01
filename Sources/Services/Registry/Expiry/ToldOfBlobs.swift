// SPDX-License-Identifier: Apache-2.0

import OCI
import Synchronization

/// When clients were last told, repository by repository, that a blob exists whose link ends by itself.
///
/// Who was told may count on it for the promised time: until then nobody may end such a link before its own.
/// What was told before this process began is not known, so its beginning counts as such a moment.
final class ToldOfBlobs: Sendable {
    /// Repositories remembered; beyond them the latest moment of those forgotten counts for all.
    static let repositoriesMax = 4096

    private struct State {
        var last: [RepositoryName: Duration] = [:]
        var floor: Duration
    }

    private let state: Mutex<State>

    /// Nothing is known of the time before `since`, of the monotonic clock.
    init(since: Duration) {
        state = Mutex(State(floor: since))
    }

    /// A client is told now.
    func note(_ repository: RepositoryName, at now: Duration) {
        state.withLock { state in
            state.last[repository] = now
            guard state.last.count > ToldOfBlobs.repositoriesMax else { return }
            state.floor = state.last.values.reduce(state.floor, max)
            state.last.removeAll()
        }
    }

    /// The last moment at which a client may have been told, of the monotonic clock.
    func last(_ repository: RepositoryName) -> Duration {
        state.withLock { max($0.floor, $0.last[repository] ?? $0.floor) }
    }
}
