// SPDX-License-Identifier: Apache-2.0

import OCI
import Synchronization

/// The ledger of one repository, kept outside the server: what was asked for and what was answered.
///
/// One worker writes to a repository, one request at a time, so what the repository may be after a
/// crash is a run of states: from the last one acknowledged to the last one asked for.
final class History: Sendable {
    let repository: String
    private let state: Mutex<State> = Mutex(State())

    private struct State {
        /// States one after the other; each but the first by one request.
        var states: [RepositoryState] = [RepositoryState()]
        /// The last of them that was acknowledged.
        var acknowledged = 0
        /// How many of them to keep: those from here on may still be asked about.
        var marked: Int?
        /// Every manifest ever made for this repository.
        var names: [Digest: RepositoryState.Names] = [:]
        /// Every blob and tag ever.
        var blobs: Set<Digest> = []
        var tags: Set<String> = []
        /// Uploads left open, the oldest first.
        var uploads: [OpenUpload] = []
        /// The change sent last is one.
        var isDeletion = false
        var isResumption = false
        var isRestoration = false
        var counts = Counts()
    }

    init(repository: String) { self.repository = repository }

    /// Everything that was ever asked for, whether it is there or not.
    struct Everything: Sendable {
        var names: [Digest: RepositoryState.Names]
        var blobs: Set<Digest>
        var tags: Set<String>
    }

    var everything: Everything {
        state.withLock { Everything(names: $0.names, blobs: $0.blobs, tags: $0.tags) }
    }

    /// How much was acknowledged.
    struct Counts: Sendable {
        var changes = 0
        var deletions = 0
        var resumptions = 0
        var restorations = 0
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// The upload that was left open first.
    var upload: OpenUpload? { state.withLock { $0.uploads.first } }

    /// Notes an upload as it is left open now.
    func leave(_ upload: OpenUpload) {
        state.withLock { state in
            if let place = state.uploads.firstIndex(where: { $0.digest == upload.digest }) {
                state.uploads[place] = upload
            } else {
                state.uploads.append(upload)
            }
        }
    }

    /// Notes that an upload is over.
    func drop(_ upload: OpenUpload) {
        state.withLock { $0.uploads.removeAll { $0.digest == upload.digest } }
    }

    /// The state as it was last acknowledged.
    var current: RepositoryState { state.withLock { $0.states[$0.acknowledged] } }

    /// Notes a manifest that a change is going to name.
    func note(_ digest: Digest, _ names: RepositoryState.Names) {
        state.withLock { $0.names[digest] = names }
    }

    /// Notes that a change is about to be sent.
    func willSend(_ change: RepositoryState.Change) {
        state.withLock { state in
            var next = state.states[state.acknowledged]
            next.apply(change, state.names)
            state.states.append(next)
            switch change {
            case .pushBlob(_, let digest): state.blobs.insert(digest)
            case .resume(let upload): state.blobs.insert(upload.digest)
            case .putManifest(_, let tags): state.tags.formUnion(tags)
            case .deleteTag, .deleteManifest, .deleteBlob, .restore, .purge: break
            }
            state.isDeletion = change.isDeletion
            state.isRestoration = change.isRestoration
            if case .resume = change {
                state.isResumption = true
            } else {
                state.isResumption = false
            }
        }
    }

    /// Notes that the change sent last was acknowledged.
    func acknowledge() {
        state.withLock { state in
            state.acknowledged = state.states.count - 1
            state.counts.changes += 1
            if state.isDeletion { state.counts.deletions += 1 }
            if state.isResumption { state.counts.resumptions += 1 }
            if state.isRestoration { state.counts.restorations += 1 }
            guard state.marked == nil else { return }
            state.states = [state.states[state.acknowledged]]
            state.acknowledged = 0
        }
    }

    /// From now on every state is kept: what comes is between this and `candidates`.
    func mark() {
        state.withLock { $0.marked = $0.acknowledged }
    }

    /// The states that are right: from the mark (or what is acknowledged) to what was asked for.
    func candidates() -> [RepositoryState] {
        state.withLock { Array($0.states[($0.marked ?? $0.acknowledged)...]) }
    }

    /// Ends what `mark` began.
    func unmark() {
        state.withLock { state in
            state.states.removeFirst(state.acknowledged)
            state.acknowledged = 0
            state.marked = nil
        }
    }

    /// After a crash: what was found is what is, and nothing is on its way any more.
    ///
    /// Of the trash, which no client sees, what it is either way is known.
    func settle(_ found: RepositoryState) {
        state.withLock { state in
            var settled = found
            let equal = state.states[(state.marked ?? state.acknowledged)...].filter { $0 == found }
            settled.trash = (equal.first?.trash ?? [:]).filter { item in
                equal.allSatisfy { $0.trash[item.key] == item.value }
            }
            state.states = [settled]
            state.acknowledged = 0
            state.marked = nil
        }
    }
}
