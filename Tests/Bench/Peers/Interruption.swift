// SPDX-License-Identifier: Apache-2.0

import Platform
import Synchronization

/// Whether somebody asked for the end.
///
/// What was started is ended at once, so that whatever is measured fails, and the run unwinds and takes
/// away what it made.
enum Interruption {
    private static let requested = Atomic(false)

    static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Begins to watch.
    static func watch() {
        Signals.intercept {
            requested.store(true, ordering: .relaxed)
            ChildProcess.endAll()
        }
    }

    static func check() throws(Failure) {
        if isRequested { throw Failure("interrupted") }
    }
}
