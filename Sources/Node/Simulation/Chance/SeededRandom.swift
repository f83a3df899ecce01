// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

/// The product's source of random bytes in a simulation: they follow from the seed.
public final class SeededRandom: RandomSource {
    private let generator: Mutex<SeededGenerator>

    /// Makes the source that draws from `generator`.
    public init(_ generator: SeededGenerator) {
        self.generator = Mutex(generator)
    }

    /// The next `count` bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        generator.withLock { $0.bytes(count) }
    }
}
