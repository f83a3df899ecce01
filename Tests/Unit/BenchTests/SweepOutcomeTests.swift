// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import breakwater_bench

@Suite struct `The bars of the sweep` {
    private func figures(
        tails: [Double],
        rates: [Double],
        slowest: Double,
        isSwept: Bool
    )
        -> SweepFigures
    {
        var figures = SweepFigures()
        for (tail, rate) in zip(tails, rates) {
            let told = Tail(milliseconds: tail, slowest: slowest, perSecond: 1)
            figures.add(told, perSecond: rate, isSwept: isSwept)
            figures.add(
                Tail(milliseconds: 1, slowest: 100, perSecond: 1),
                perSecond: 100,
                isSwept: !isSwept
            )
        }
        return figures
    }

    @Test func `compare medians of windows with the sweep to those without`() {
        let good = figures(
            tails: [1.3, 9, 1.2],
            rates: [90, 10, 91],
            slowest: 250,
            isSwept: true
        )
        #expect(SweepOutcome(reads: good, pushes: good).isMet)
        let slow = figures(tails: [1.4, 1.4, 1.2], rates: [99, 99, 99], slowest: 9, isSwept: true)
        #expect(!SweepOutcome(reads: slow, pushes: good).isMet)
        #expect(SweepOutcome(reads: good, pushes: slow).isMet)
        let weak = figures(tails: [1, 1, 1], rates: [89, 89, 95], slowest: 9, isSwept: true)
        #expect(!SweepOutcome(reads: good, pushes: weak).isMet)
        let stall = figures(tails: [1, 1, 1], rates: [99, 99, 99], slowest: 251, isSwept: true)
        #expect(!SweepOutcome(reads: good, pushes: stall).isMet)
    }

    @Test func `arguments that say nothing are refused`() {
        #expect(SweepArguments(["100000", "3", "--seconds", "2"])?.windows.pairs == 3)
        #expect(SweepArguments(["100000", "--judge"])?.windows.judges == true)
        for words in [[], ["10"], ["100000", "0"], ["100000", "--seconds"], ["x"]] {
            #expect(SweepArguments(words) == nil)
        }
    }
}
