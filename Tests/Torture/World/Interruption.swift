// SPDX-License-Identifier: Apache-2.0

import Platform
import Synchronization

/// Whether somebody asked for the end.
///
/// Nothing is cut off by it: what is asked of a server from then on fails, so that the run unwinds
/// and takes away what it made, as after any other failure.
enum Interruption {
    private static let requested = Atomic(false)

    static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Begins to watch.
    static func watch() {
        Signals.intercept { requested.store(true, ordering: .relaxed) }
    }

    static func check() throws(Failure) {
        if isRequested { throw Failure("interrupted") }
    }
}
