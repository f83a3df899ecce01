// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform
import Registry
import Synchronization

/// What clients pulled from the node that runs now, with the day on its expiry clock: what a run of
/// retention on that day must not remove.
///
/// A crash may lose what was noted of pulls in the minutes before it, so each life begins with none.
final class PullWatch: Sendable {
    /// Which life, and which day, a request was sent in.
    struct Moment: Hashable, Sendable {
        var life: Int
        var day: UInt32
    }

    private struct Name: Hashable {
        var repository: RepositoryName
        var digest: Digest
    }

    private struct State {
        var life = 0
        var days: [Name: UInt32] = [:]
    }

    private let state = Mutex(State())

    func beginLife() {
        state.withLock { $0 = State(life: $0.life + 1) }
    }

    /// The number of the life that runs.
    var life: Int { state.withLock(\.life) }

    /// A client was answered whose request was sent at that moment.
    func note(_ digest: Digest, of repository: RepositoryName, since moment: Moment?) {
        guard let moment else { return }
        state.withLock { state in
            // It may have been another life that answered.
            guard state.life == moment.life else { return }
            let name = Name(repository: repository, digest: digest)
            state.days[name] = max(state.days[name] ?? 0, moment.day)
        }
    }

    /// Whether clients were answered this manifest on this day or later.
    func has(_ digest: Digest, of repository: RepositoryName, since day: UInt32) -> Bool {
        state.withLock { state in
            let name = Name(repository: repository, digest: digest)
            return state.days[name].map { $0 >= day } ?? false
        }
    }
}

extension OperatorAccess {
    /// Which life it is, and which day on the expiry clock of the node that runs; nil for none.
    var momentOfPull: PullWatch.Moment? {
        current?.registry.expiryReading.map { reading in
            PullWatch.Moment(
                life: pulls.life,
                day: Moment(milliseconds: reading).dayNumber
            )
        }
    }
}
