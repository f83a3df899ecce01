// SPDX-License-Identifier: Apache-2.0

/// Numbers that follow from a seed alone: xoshiro256** (Blackman, Vigna), filled by SplitMix64.
///
/// Written out here, with its own bounded draws, because a seed kept in a test must mean the same
/// history under every later toolchain; the standard library promises that of no generator.
public struct SeededGenerator: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// Makes the generator of `seed`.
    public init(seed: UInt64) {
        var state = seed
        words = (
            SeededGenerator.splitMix(&state), SeededGenerator.splitMix(&state),
            SeededGenerator.splitMix(&state), SeededGenerator.splitMix(&state)
        )
    }

    /// Makes the generator of one `purpose` under `seed`: draws for one purpose do not move another's.
    public init(seed: UInt64, purpose: String) {
        var state = seed
        for byte in purpose.utf8 {
            state = SeededGenerator.splitMix(&state) ^ UInt64(byte)
        }
        self.init(seed: state)
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        let result = SeededGenerator.rotate(words.1 &* 5, by: 7) &* 9
        let shifted = words.1 << 17
        words.2 ^= words.0
        words.3 ^= words.1
        words.1 ^= words.2
        words.0 ^= words.3
        words.2 ^= shifted
        words.3 = SeededGenerator.rotate(words.3, by: 45)
        return result
    }

    /// A number from 0 to `bound` - 1, each as likely as the others.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "nothing lies below \(bound)")
        let bound = UInt64(bound)
        // The last, incomplete run of the 64-bit numbers would favour small results: draw again.
        let limit = UInt64.max - UInt64.max % bound
        while true {
            let drawn = next()
            if drawn < limit { return Int(drawn % bound) }
        }
    }

    /// A number of `range`.
    public mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True in `part` of `whole` cases.
    public mutating func chance(_ part: Int, in whole: Int) -> Bool {
        below(whole) < part
    }

    /// One of `choices`, which are not empty.
    public mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[below(choices.count)]
    }

    /// One of `choices`, as likely as its weight says.
    public mutating func pick<Choice>(weighted choices: [(Choice, weight: Int)]) -> Choice {
        var drawn = below(choices.reduce(0) { $0 + $1.weight })
        for (choice, weight) in choices {
            if drawn < weight { return choice }
            drawn -= weight
        }
        preconditionFailure("a draw beyond the sum of all weights")
    }

    /// `count` bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            var word = next()
            for _ in 0..<min(8, count - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return bytes
    }

    private static func splitMix(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    private static func rotate(_ word: UInt64, by count: UInt64) -> UInt64 {
        word << count | word >> (64 - count)
    }
}
