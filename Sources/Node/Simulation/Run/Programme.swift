// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Which parts of a story are played, and which were reached.
public final class Programme: Sendable {
    private let only: Set<Part>?
    private let reached = Mutex<[Part]>([])

    /// Makes the programme of a story; `only` leaves out all other parts.
    public init(only: Set<Part>? = nil) {
        self.only = only
    }

    /// Says whether a part that comes now is played, and remembers that it was.
    func plays(_ part: Part) -> Bool {
        if let only, !only.contains(part) { return false }
        reached.withLock { $0.append(part) }
        return true
    }

    /// Every part that was played, in order.
    public var played: [Part] { reached.withLock { $0 } }
}
