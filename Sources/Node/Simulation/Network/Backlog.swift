// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Deliveries that wait for whoever runs them: a bounded queue between tasks.
final class Backlog: Sendable {
    typealias Delivery = @Sendable () async -> Void

    private struct State {
        var waiting: [Delivery] = []
        var runners: [CheckedContinuation<Delivery?, Never>] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Adds a delivery; false when there is no room or nobody will come any more.
    func add(_ delivery: @escaping Delivery) -> Bool {
        let (isTaken, runner) = state.withLock {
            state -> (Bool, CheckedContinuation<Delivery?, Never>?) in
            guard !state.isClosed, state.waiting.count < limit else { return (false, nil) }
            if state.runners.isEmpty {
                state.waiting.append(delivery)
                return (true, nil)
            }
            return (true, state.runners.removeFirst())
        }
        runner?.resume(returning: delivery)
        return isTaken
    }

    /// The next delivery, waited for; nil once the queue is closed and empty.
    func next() async -> Delivery? {
        await withCheckedContinuation { continuation in
            let (delivery, isDone) = state.withLock { state -> (Delivery?, Bool) in
                if !state.waiting.isEmpty { return (state.waiting.removeFirst(), true) }
                if state.isClosed { return (nil, true) }
                state.runners.append(continuation)
                return (nil, false)
            }
            if isDone { continuation.resume(returning: delivery) }
        }
    }

    /// Takes no more; those who wait get nil.
    func close() {
        let runners = state.withLock { state in
            state.isClosed = true
            defer { state.runners = [] }
            return state.runners
        }
        for runner in runners { runner.resume(returning: nil) }
    }
}
