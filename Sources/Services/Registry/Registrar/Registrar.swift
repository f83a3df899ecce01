// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import Journal
public import Platform
import Synchronization

/// The one way to change a name: decided at the head, applied, ordered, committed, acknowledged.
///
/// The first submitter that finds nobody leading leads one batch of what waits, then hands the lead
/// to the next (docs/decisions/0001). So writers that come while a batch is being synced share the
/// next sync, and nothing runs when nobody writes.
public final class Registrar: Sendable {
    let world: World
    let catalog: Catalog
    let sequencer: any Sequencer
    let store: Identifier
    let options: Options
    let expiryClock: ExpiryClock
    let observer: Observer
    private let state = Mutex(State())

    private struct State {
        var waiting: [Waiter] = []
        var hasLeader = false
        /// Why nothing may be written any more, once that is so.
        var refusal: String?
        var statistics = Statistics()
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

    /// Makes a registrar.
    public init(
        world: World,
        catalog: Catalog,
        sequencer: any Sequencer,
        store: Identifier,
        options: Options = Options(),
        expiryClock: ExpiryClock,
        observer: Observer
    ) {
        self.world = world
        self.catalog = catalog
        self.sequencer = sequencer
        self.store = store
        self.options = options
        self.expiryClock = expiryClock
        self.observer = observer
    }

    /// Why no change is taken, or nil when changes are.
    public var refusal: String? {
        state.withLock(\.refusal) ?? catalog.obstacle.map { "\($0)" }
    }

    /// What was done since the start.
    public var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waiting = state.waiting.count
            return statistics
        }
    }

    func count(entries: Int) {
        state.withLock { state in
            state.statistics.batches += 1
            state.statistics.entries += UInt64(entries)
        }
    }

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
            // Somebody may have found a better reason meanwhile.
            state.withLock { if $0.refusal == reason { $0.refusal = nil } }
            handOn()
        }
        return try await body()
    }

    private func lead(_ own: Change) async -> Result<Done, RegistryError> {
        let (refusal, others) = state.withLock { state -> (String?, [Waiter]) in
            let ready = state.waiting.prefix(options.batchMax - 1).prefix { $0.change != nil }
            state.waiting.removeFirst(ready.count)
            return (state.refusal, Array(ready))
        }
        let results: [Result<Done, RegistryError>?]
        if let refusal {
            results = Array(repeating: .failure(.notReady(refusal)), count: 1 + others.count)
        } else {
            results = await commit(PendingBatch(changes: [own] + others.compactMap(\.change)))
        }
        var late: [Waiter] = []
        for (waiter, result) in zip(others, results.dropFirst()) {
            guard let result else {
                late.append(waiter)
                continue
            }
            waiter.turn.resume(returning: .answered(result))
        }
        if !late.isEmpty { state.withLock { $0.waiting.insert(contentsOf: late, at: 0) } }
        handOn()
        guard let result = results[0] else {
            preconditionFailure("the first change of a batch fits, or is refused")
        }
        return result
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
