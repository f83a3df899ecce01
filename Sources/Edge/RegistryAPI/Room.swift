// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A bounded amount of something that requests share: who finds too little is refused, never made to
/// wait.
final class Room: Sendable {
    private let left: Mutex<Int>

    init(_ amount: Int) {
        left = Mutex(amount)
    }

    /// Takes as much, or nothing when there is less.
    func take(_ amount: Int) -> Bool {
        left.withLock { left in
            guard amount <= left else { return false }
            left -= amount
            return true
        }
    }

    /// Gives back what was taken.
    func give(_ amount: Int) {
        left.withLock { $0 += amount }
    }
}
