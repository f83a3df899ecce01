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
        /// Who is ending links of a repository before their time, and so must not be contradicted.
        var endings: [RepositoryName: Int] = [:]
    }

    private let state: Mutex<State>

    /// Nothing is known of the time before `since`, of the monotonic clock.
    init(since: Duration) {
        state = Mutex(State(floor: since))
    }

    /// A client is to be told now; false while links of the repository are being ended before their time:
    /// then nothing may be promised.
    func note(_ repository: RepositoryName, at now: Duration) -> Bool {
        state.withLock { state in
            guard state.endings[repository] == nil else { return false }
            state.last[repository] = now
            guard state.last.count > ToldOfBlobs.repositoriesMax else { return true }
            state.floor = state.last.values.reduce(state.floor, max)
            state.last.removeAll()
            return true
        }
    }

    /// Keeps promises from being made until `end`, and returns the last moment at which a client may have
    /// been told, of the monotonic clock.
    func beginEnding(_ repository: RepositoryName) -> Duration {
        state.withLock { state in
            state.endings[repository, default: 0] += 1
            return max(state.floor, state.last[repository] ?? state.floor)
        }
    }

    /// Lets promises be made again.
    func end(_ repository: RepositoryName) {
        state.withLock { state in
            let left = (state.endings[repository] ?? 1) - 1
            state.endings[repository] = left > 0 ? left : nil
        }
    }
}
