// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A crash, or other damage, that waits until clients are so far, so that they come all through a story.
final class Fuse: Sendable {
    /// How long after an operation began.
    enum Delay: Hashable, Sendable {
        /// So many changes of the disk.
        case changes(Int)
        /// So many calls to the disk of any kind.
        case calls(Int)
        /// So many stretches between two awaits.
        case jobs(Int)
    }

    private struct State {
        var begun = 0
        var crash: (operation: Int, delay: Delay)?
        var jobsLeft: Int?
        var damage: (operation: Int, act: @Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let disk: SimulatedDisk

    init(disk: SimulatedDisk) {
        self.disk = disk
    }

    /// Plans a crash some time after operation number `operation` began.
    func light(operation: Int, _ delay: Delay) {
        state.withLock { $0.crash = (operation, delay) }
        strike()
    }

    /// Plans damage for when so many more operations have begun.
    func damage(afterOperations count: Int, _ act: @escaping @Sendable () -> Void) {
        state.withLock { $0.damage = ($0.begun + count, act) }
    }

    /// Plans nothing any more.
    func putOut() {
        state.withLock { state in
            state.crash = nil
            state.damage = nil
            state.jobsLeft = nil
        }
        disk.crash(after: nil)
    }

    /// Whether a crash is still to come.
    var isLit: Bool {
        state.withLock { $0.crash != nil || $0.jobsLeft != nil } || disk.crashAfter != nil
    }

    /// Notes that a client begins an operation.
    func operationBegan() {
        let act = state.withLock { state -> (@Sendable () -> Void)? in
            state.begun += 1
            guard let damage = state.damage, state.begun >= damage.operation else { return nil }
            state.damage = nil
            return damage.act
        }
        act?()
        strike()
    }

    /// Notes that a job begins.
    func jobBegan() {
        let isTime = state.withLock { state in
            guard let left = state.jobsLeft else { return false }
            state.jobsLeft = left > 0 ? left - 1 : nil
            return left == 0
        }
        if isTime { disk.crashAmongJobs() }
    }

    private func strike() {
        let delay = state.withLock { state -> Delay? in
            guard let crash = state.crash, state.begun >= crash.operation else { return nil }
            state.crash = nil
            if case .jobs(let count) = crash.delay { state.jobsLeft = count }
            return crash.delay
        }
        switch delay {
        case .changes(let count): disk.crash(after: count)
        case .calls(let count): disk.crash(after: count, countingReads: true)
        case .jobs, nil: break
        }
    }
}
