// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform
import Synchronization

/// The ledger of one repository, kept outside the server: what was asked for and what was answered.
///
/// One worker writes to a repository, one request at a time, so what the repository may be after a
/// crash is a run of states: from the last one acknowledged to the last one asked for.
final class History: Sendable {
    let repository: String
    /// The namespace whose policy its worker sets and runs; nil where retention has nothing to do.
    let retainedNamespace: String?
    /// When it began, in ms since 1970: what is pulled is kept for that day.
    let began = LinuxClocks().wallMilliseconds()
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
        /// The change sent last.
        var sent: RepositoryState.Change?
        var counts = Counts()
    }

    init(repository: String, retainedNamespace: String? = nil) {
        self.repository = repository
        self.retainedNamespace = retainedNamespace
    }

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
        /// Runs of retention, and the manifests that these put into the trash.
        var runs = 0
        var retired = 0

        mutating func add(
            _ change: RepositoryState.Change,
            from before: RepositoryState,
            to after: RepositoryState
        ) {
            changes += 1
            switch change {
            case .deleteTag, .deleteManifest, .deleteBlob: deletions += 1
            case .resume: resumptions += 1
            case .restore: restorations += 1
            case .retain:
                runs += 1
                retired += before.manifests.count - after.manifests.count
            case .pushBlob, .putManifest, .purge, .pull, .setPolicy: break
            }
        }
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
            state.states += state.states[state.acknowledged].steps(of: change, state.names)
            switch change {
            case .pushBlob(_, let digest): state.blobs.insert(digest)
            case .resume(let upload): state.blobs.insert(upload.digest)
            case .putManifest(_, let tags): state.tags.formUnion(tags)
            case .deleteTag, .deleteManifest, .deleteBlob, .restore, .purge, .pull, .setPolicy,
                .retain:
                break
            }
            state.sent = change
        }
    }

    /// Notes that the change sent last was acknowledged.
    func acknowledge() {
        state.withLock { state in
            let before = state.states[state.acknowledged]
            state.acknowledged = state.states.count - 1
            if let sent = state.sent {
                state.counts.add(sent, from: before, to: state.states[state.acknowledged])
            }
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
    /// Of the trash, which no client sees, what it is either way is known. What was found was pulled by
    /// that; which pulls of what is in the trash were lost, nobody knows.
    func settle(_ found: RepositoryState) {
        state.withLock { state in
            var settled = found
            let equal = state.states[(state.marked ?? state.acknowledged)...].filter { $0 == found }
            settled.trash = (equal.first?.trash ?? [:]).filter { item in
                equal.allSatisfy { $0.trash[item.key] == item.value }
            }
            // A change that clients do not see changes no order either.
            settled.order = equal.first?.order ?? []
            settled.pulled = found.manifests
            let pulled = equal.flatMap { $0.pulled.union($0.doubtful) }
            settled.doubtful = Set(pulled).subtracting(found.manifests)
            state.states = [settled]
            state.acknowledged = 0
            state.marked = nil
        }
    }
}
