// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A generator that several tasks draw from.
final class SharedGenerator: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(_ generator: SeededGenerator) {
        self.generator = Mutex(generator)
    }

    func draw<Value: Sendable>(_ body: (inout SeededGenerator) -> Value) -> Value {
        generator.withLock { body(&$0) }
    }
}
