// SPDX-License-Identifier: Apache-2.0

import Simulation
import Testing

@Suite struct `Seeded chance` {
    /// The first outputs of xoshiro256** whose state SplitMix64 filled from 0 (reference C code).
    @Test func `the generator is xoshiro256 filled by SplitMix64`() {
        var generator = SeededGenerator(seed: 0)
        let first = (0..<3).map { _ in generator.next() }
        #expect(first == [0x99ec_5f36_cb75_f2b4, 0xbf6e_1f78_4956_452a, 0x1a5f_849d_4933_e6e0])
    }

    @Test func `purposes have histories of their own`() {
        var left = SeededGenerator(seed: 7, purpose: "disk")
        var right = SeededGenerator(seed: 7, purpose: "network")
        #expect(left.next() != right.next())
    }

    @Test func `draws stay in their bounds and reach all of them`() {
        var generator = SeededGenerator(seed: 3)
        var seen = [Int](repeating: 0, count: 7)
        for _ in 0..<7000 { seen[generator.within(10...16) - 10] += 1 }
        #expect(seen.allSatisfy { (800...1200).contains($0) })
    }

    @Test func `random bytes follow from the seed`() {
        let first = SeededRandom(SeededGenerator(seed: 9)).bytes(33)
        let second = SeededRandom(SeededGenerator(seed: 9)).bytes(33)
        #expect(first == second)
        #expect(first.count == 33)
        #expect(first != SeededRandom(SeededGenerator(seed: 10)).bytes(33))
    }
}
