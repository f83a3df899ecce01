// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A position that moves forward once for each chunk taken.
final class Cell: Sendable {
    private let position = Mutex(0)

    func take(upTo limit: Int, of count: Int) -> Range<Int>? {
        position.withLock { position in
            guard position < count else { return nil }
            let end = min(count, position + limit)
            defer { position = end }
            return position..<end
        }
    }
}
