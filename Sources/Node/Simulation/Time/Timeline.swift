// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Virtual time: stands still while anything is ready to run, then leaps to the next sleeper.
public final class Timeline: Sendable {
    private struct Sleeper {
        var id: UInt64
        var deadline: Duration
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now: Duration = .zero
        var sleepers: [Sleeper] = []
        /// No sleeper's time comes before this.
        var earliest: Duration = .zero
        var cancelledEarly: Set<UInt64> = []
        var nextID: UInt64 = 0

        mutating func takeID() -> UInt64 {
            nextID += 1
            return nextID
        }

        /// Registers a sleeper, or gives its continuation back when it was cancelled before.
        mutating func add(
            _ sleeper: Sleeper
        ) -> CheckedContinuation<Bool, Never>? {
            if cancelledEarly.remove(sleeper.id) != nil { return sleeper.continuation }
            earliest = sleepers.isEmpty ? sleeper.deadline : min(earliest, sleeper.deadline)
            sleepers.append(sleeper)
            return nil
        }

        mutating func cancel(_ id: UInt64) -> CheckedContinuation<Bool, Never>? {
            guard let index = sleepers.firstIndex(where: { $0.id == id }) else {
                cancelledEarly.insert(id)
                return nil
            }
            return sleepers.remove(at: index).continuation
        }

        mutating func takeDue() -> [CheckedContinuation<Bool, Never>] {
            guard now >= earliest, !sleepers.isEmpty else { return [] }
            let due = sleepers.filter { $0.deadline <= now }
            sleepers.removeAll { $0.deadline <= now }
            earliest = sleepers.map(\.deadline).min() ?? now
            return due.map(\.continuation)
        }
    }

    private let state = Mutex(State())

    /// Makes a timeline that stands at zero.
    public init() {}

    /// The time since the simulation began.
    public var now: Duration { state.withLock { $0.now } }

    /// The time as lines of a trace show it: `12.345678`.
    var stamp: String {
        let (seconds, attoseconds) = now.components
        let digits = String(attoseconds / 1_000_000_000_000)
        return "\(seconds)." + String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    /// How many tasks sleep.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Lets time pass, as a slow disk does while its caller waits on the thread.
    public func elapse(_ duration: Duration) {
        state.withLock { $0.now += duration }
    }

    /// Returns after `duration`, or throws when the task is cancelled.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        let (id, deadline) = state.withLock { ($0.takeID(), $0.now + max(.zero, duration)) }
        let slept = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let sleeper = Sleeper(id: id, deadline: deadline, continuation: continuation)
                state.withLock { $0.add(sleeper) }?.resume(returning: false)
            }
        } onCancel: {
            state.withLock { $0.cancel(id) }?.resume(returning: false)
        }
        state.withLock { _ = $0.cancelledEarly.remove(id) }
        guard slept else { throw CancellationError() }
    }

    /// Wakes whoever's time has come; says whether anybody was woken.
    func wakeDue() -> Bool {
        let due = state.withLock { $0.takeDue() }
        for continuation in due { continuation.resume(returning: true) }
        return !due.isEmpty
    }

    /// Leaps to the next sleeper's time and wakes it; false when nobody sleeps.
    func advance() -> Bool {
        state.withLock { state in
            guard let next = state.sleepers.map(\.deadline).min() else { return }
            state.now = max(state.now, next)
            state.earliest = next
        }
        return wakeDue()
    }
}
