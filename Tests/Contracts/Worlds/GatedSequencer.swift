// SPDX-License-Identifier: Apache-2.0

public import Journal
import Synchronization

/// A sequencer whose appends wait at a gate, are written down, and end as planned.
public final class GatedSequencer: Sequencer {
    private struct State {
        var isOpen: Bool
        var waiting: [CheckedContinuation<Void, Never>] = []
        var outcomes: [AppendOutcome] = []
        var batches: [Batch] = []
    }

    private let state: Mutex<State>

    /// The outcomes of the first appends; later ones are appended.
    public init(isOpen: Bool = true, _ outcomes: [AppendOutcome] = []) {
        state = Mutex(State(isOpen: isOpen, outcomes: outcomes))
    }

    /// Keeps nothing.
    public var keepsEntries: Bool { false }

    /// What was sent, as often as it was.
    public var batches: [Batch] { state.withLock(\.batches) }

    /// Lets appends through from now on.
    public func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    /// Lets appends wait from now on.
    public func close() {
        state.withLock { $0.isOpen = false }
    }

    /// Plans the outcomes of the appends to come.
    public func plan(_ outcomes: [AppendOutcome]) {
        state.withLock { $0.outcomes = outcomes }
    }

    /// Waits at the gate and ends as planned.
    public func append(_ batch: Batch, after heads: Heads) async -> AppendOutcome {
        let outcome = state.withLock { state in
            state.batches.append(batch)
            return state.outcomes.isEmpty ? .appended : state.outcomes.removeFirst()
        }
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
        return outcome
    }

    /// Knows nothing.
    public func heads() async throws(SequencerError) -> Heads {
        throw .unavailable("not in this test")
    }

    /// Knows nothing.
    public func entries(
        _ scope: Scope,
        from position: UInt64,
        byteLimit: Int
    ) async throws(SequencerError) -> [StoredEntry] {
        throw .unavailable("not in this test")
    }

    /// Does nothing.
    public func trim(_ scope: Scope, below position: UInt64) async throws(SequencerError) {}
}
