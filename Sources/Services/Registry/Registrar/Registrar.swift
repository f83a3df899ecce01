// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import Journal
public import OCI
public import Platform
import Synchronization

/// The one way to change a name: decided at the head, applied, ordered, committed, acknowledged.
///
/// The first submitter that finds nobody leading leads one batch of what waits, then hands the lead
/// to the next (docs/decisions/0001). So writers that come while a batch is being synced share the
/// next sync, and nothing runs when nobody writes.
public final class Registrar: Sendable {
    /// What bounds it.
    public struct Options: Sendable {
        /// Changes that may wait; more are refused with 503.
        ///
        /// Default 4,096.
        public var waitingMax = 4096
        /// Changes of one batch.
        ///
        /// Default 256.
        public var batchMax = 256
        /// Bytes of entries in one batch.
        ///
        /// Default 1 MiB.
        public var batchBytesMax = 1 << 20
        /// Times an append of unknown outcome is sent again before the batch fails.
        ///
        /// Default 20.
        public var appendAttemptsMax = 20
        /// Whether deleting a manifest leaves what refers to it.
        public var keepsReferrers = false
        /// Makes the default options.
        public init() {}
    }

    /// What became of a change.
    public struct Done: Hashable, Sendable {
        /// The region journal's position after it.
        public var position: UInt64
        /// Whether it must be submitted again, with a new id, to be complete.
        public var isPartial: Bool
    }

    let world: World
    let catalog: Catalog
    let sequencer: any Sequencer
    let store: Identifier
    let options: Options
    let committed: @Sendable ([Committed]) -> Void
    private let state = Mutex(State())

    /// A change that is durable, for caches and followers.
    public struct Committed: Sendable {
        /// The repository it was about.
        public var repository: RepositoryName
        /// Its outcomes.
        public var events: [Event]
        /// The region journal's position after it.
        public var position: UInt64
    }

    private struct State {
        var waiting: [Waiter] = []
        var hasLeader = false
        /// Why nothing may be written any more, once that is so.
        var refusal: String?
    }

    struct Waiter: Sendable {
        /// Nil for one that waits for the lead alone.
        var change: Change?
        var turn: CheckedContinuation<Turn, Never>
    }

    enum Turn: Sendable {
        case lead
        case answered(Result<Done, RegistryError>)
    }

    /// Makes a registrar; `committed` is told of every batch after its commit and before its answers.
    public init(
        world: World,
        catalog: Catalog,
        sequencer: any Sequencer,
        store: Identifier,
        options: Options = Options(),
        committed: @escaping @Sendable ([Committed]) -> Void
    ) {
        self.world = world
        self.catalog = catalog
        self.sequencer = sequencer
        self.store = store
        self.options = options
        self.committed = committed
    }

    /// Why no change is taken, or nil when changes are.
    public var refusal: String? { state.withLock(\.refusal) }

    /// Takes no more changes, for the reason that a client reads; nil takes them again.
    public func refuse(_ reason: String?) {
        state.withLock { $0.refusal = reason }
    }

    /// Makes a change, or says why not.
    ///
    /// When it returns, the change is durable.
    public func submit(_ change: Change) async throws(RegistryError) -> Done {
        let turn = await withCheckedContinuation { continuation in
            let now = state.withLock { state -> Turn? in
                if let refusal = state.refusal {
                    return .answered(.failure(.notReady(refusal)))
                }
                guard state.hasLeader else {
                    state.hasLeader = true
                    return .lead
                }
                guard state.waiting.count < options.waitingMax else {
                    return .answered(.failure(.overloaded))
                }
                state.waiting.append(Waiter(change: change, turn: continuation))
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
        switch turn {
        case .answered(let result): return try result.get()
        case .lead: return try await lead(change).get()
        }
    }

    /// Runs `body` as the one writer, between batches; changes that come meanwhile are refused with
    /// `reason`.
    public func exclusively<Answer>(
        because reason: String,
        _ body: () async throws(RegistryError) -> Answer
    ) async throws(RegistryError) -> Answer {
        let before = state.withLock { state in
            defer { state.refusal = state.refusal ?? reason }
            return state.refusal
        }
        if let before { throw .notReady(before) }
        let turn = await withCheckedContinuation { continuation in
            let leads = state.withLock { state in
                guard state.hasLeader else {
                    state.hasLeader = true
                    return true
                }
                state.waiting.insert(Waiter(change: nil, turn: continuation), at: 0)
                return false
            }
            if leads { continuation.resume(returning: Turn.lead) }
        }
        guard case .lead = turn else {
            preconditionFailure("who waits without a change is never answered, only given the lead")
        }
        defer {
            refuse(nil)
            handOn()
        }
        return try await body()
    }

    private func lead(_ own: Change) async -> Result<Done, RegistryError> {
        let others = state.withLock { state in
            let ready = state.waiting.prefix(options.batchMax - 1).prefix { $0.change != nil }
            state.waiting.removeFirst(ready.count)
            return Array(ready)
        }
        let batch = PendingBatch(changes: [own] + others.compactMap(\.change))
        let results = await commit(batch)
        for (waiter, result) in zip(others, results.dropFirst()) {
            waiter.turn.resume(returning: .answered(result))
        }
        handOn()
        return results[0]
    }

    /// Gives the lead to whoever waits longest.
    private func handOn() {
        let next = state.withLock { state -> Waiter? in
            state.hasLeader = !state.waiting.isEmpty
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }
        next?.turn.resume(returning: .lead)
    }
}
