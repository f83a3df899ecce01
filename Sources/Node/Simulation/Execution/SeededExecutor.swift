// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Why a simulation could not be run to its end; each is a bug of ours, in it or in what it runs.
public enum SimulationFault: Error, Equatable, Sendable {
    /// Nothing is ready, nobody sleeps, and the root task has not ended.
    case deadlock
    /// More jobs ran than a simulation of this size can need.
    case endless(jobs: Int)
    /// A job reached the global executor (an unstructured task), so the seed no longer decides.
    case escaped
}

/// Runs tasks on one thread; which of the ready jobs runs next follows from the seed.
///
/// Task groups, `async let`, default actors and continuations stay on the executor of their task, so
/// everything below the root task is reproducible. Unstructured tasks are not: `EscapeTrap` sees them.
public final class SeededExecutor: TaskExecutor {
    /// The most jobs a run may take.
    public static let jobsMaxDefault = 5_000_000

    private struct State {
        var ready: [UnownedJob] = []
        var generator: SeededGenerator

        mutating func take() -> (job: UnownedJob, index: Int)? {
            guard !ready.isEmpty else { return nil }
            let index = ready.count == 1 ? 0 : generator.below(ready.count)
            return (ready.remove(at: index), index)
        }
    }

    private let state: Mutex<State>
    private let timeline: Timeline
    private let trace: Trace
    private let jobsMax: Int
    /// In a value of its own: a bare function in a mutex is wrapped once more at every access.
    private struct Watch {
        var happens: (@Sendable (Int) -> Void)?
    }

    private let watch = Mutex(Watch())

    /// Makes an executor over `timeline` that draws from `generator` and notes its picks in `trace`.
    public init(
        generator: SeededGenerator,
        timeline: Timeline,
        trace: Trace,
        jobsMax: Int = jobsMaxDefault
    ) {
        state = Mutex(State(generator: generator))
        self.timeline = timeline
        self.trace = trace
        self.jobsMax = jobsMax
    }

    /// Lets something happen before each job, which is told the job's number.
    func beforeEachJob(_ happens: @escaping @Sendable (Int) -> Void) {
        watch.withLock { $0.happens = happens }
    }

    /// Makes a job ready; called by the runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.ready.append(job) }
    }

    /// Runs `root` and everything it starts, on a thread of its own, and returns what it returns.
    public func run<Value: Sendable>(
        _ root: @escaping @Sendable () async -> Value
    ) throws(SimulationFault) -> Value {
        let outcome = Mutex<Value?>(nil)
        // The one unstructured task of a simulation. Made on the caller's thread, it has the
        // caller's task-local values (so that a test's expectations know their test).
        _ = Task(executorPreference: self) {
            let value = await root()
            outcome.withLock { $0 = value }
        }
        let fault = SimulationThread.run { self.loop { outcome.withLock { $0 != nil } } }
        if let fault { throw fault }
        guard let value = outcome.withLock({ $0 }) else { throw .deadlock }
        return value
    }

    /// Runs jobs until `isDone` and nothing is ready.
    private func loop(until isDone: () -> Bool) -> SimulationFault? {
        let trap = EscapeTrap.arm()
        defer { EscapeTrap.disarm() }
        var jobs = 0
        while true {
            _ = timeline.wakeDue()
            guard let (job, index) = state.withLock({ $0.take() }) else {
                if isDone() { return nil }
                guard timeline.advance() else { return .deadlock }
                continue
            }
            trace.mark(UInt64(index))
            jobs += 1
            watch.withLock { $0.happens }?(jobs)
            guard jobs <= jobsMax else { return .endless(jobs: jobs) }
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            guard trap.escapes == 0 else { return .escaped }
        }
    }
}
