// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A crash that waits until clients are so far, so that crashes come all through a story.
final class Fuse: Sendable {
    private struct State {
        var begun = 0
        var crash: (operation: Int, changes: Int)?
    }

    private let state = Mutex(State())
    private let disk: SimulatedDisk

    init(disk: SimulatedDisk) {
        self.disk = disk
    }

    /// Plans a crash `changes` changes of the disk after operation number `operation` began.
    func light(operation: Int, changes: Int) {
        state.withLock { $0.crash = (operation, changes) }
        strike()
    }

    /// Plans nothing any more.
    func putOut() {
        state.withLock { $0.crash = nil }
        disk.crashAfter = nil
    }

    /// Whether a crash is still to come.
    var isLit: Bool { state.withLock { $0.crash != nil } || disk.crashAfter != nil }

    /// Notes that a client begins an operation.
    func operationBegan() {
        state.withLock { $0.begun += 1 }
        strike()
    }

    private func strike() {
        let changes = state.withLock { state -> Int? in
            guard let crash = state.crash, state.begun >= crash.operation else { return nil }
            state.crash = nil
            return crash.changes
        }
        if let changes { disk.crashAfter = changes }
    }
}
