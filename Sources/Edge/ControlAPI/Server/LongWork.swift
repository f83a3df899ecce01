// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The one piece of long work that may be under way, and how far it is, for `status`.
final class LongWork: Sendable {
    private let current = Mutex<Wire.Progress?>(nil)

    var progress: Wire.Progress? { current.withLock { $0 } }

    /// Begins work, or refuses while other work is under way.
    func begin(_ step: String, unit: String) throws(Wire.Problem) {
        let other = current.withLock { current -> Wire.Progress? in
            if let current { return current }
            current = Wire.Progress(step: step, done: 0, total: nil, unit: unit)
            return nil
        }
        if let other {
            throw Wire.Problem(
                message: "'\(other.step)' is under way; 'breakwater status' shows how far",
                isRefusal: true
            )
        }
    }

    func advance(to done: UInt64, of total: UInt64? = nil) {
        current.withLock { current in
            current?.done = done
            current?.total = total
        }
    }

    func end() {
        current.withLock { $0 = nil }
    }
}
