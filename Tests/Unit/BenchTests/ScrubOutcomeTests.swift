// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import breakwater_bench

@Suite struct `Figures with the scrub` {
    private func figures(_ pairs: [(without: Double, with: Double)]) -> ScrubFigures {
        var figures = ScrubFigures()
        for pair in pairs { figures.add(without: pair.without, with: pair.with) }
        return figures
    }

    @Test func `judge the median of the pairs, not the pair of medians`() {
        // The machine became twice as fast on the way.
        let good = figures([(100, 91), (100, 95), (200, 180), (200, 40), (200, 199)])
        #expect(good.ratio == 0.91 && good.without == 200 && good.with == 95)
        let slow = figures([(100, 89), (100, 89), (100, 99)])
        let rates = [16.5e6, 3e6, 17e6]
        #expect(ScrubOutcome(blobs: good, manifests: good, scrubbed: rates).isMet)
        #expect(!ScrubOutcome(blobs: slow, manifests: good, scrubbed: rates).isMet)
        #expect(!ScrubOutcome(blobs: good, manifests: slow, scrubbed: rates).isMet)
        for scrubbed in [[], [12e6], [20e6]] {
            #expect(!ScrubOutcome(blobs: good, manifests: good, scrubbed: scrubbed).isMet)
        }
        #expect(!ScrubOutcome(blobs: figures([]), manifests: good, scrubbed: rates).isMet)
    }

    @Test func `arguments with which a window would outlast the scrub are refused`() {
        #expect(ScrubArguments([])?.mebibytes == 2_048)
        #expect(ScrubArguments(["512", "3", "--seconds", "2"])?.windows.pairs == 3)
        #expect(ScrubArguments(["--judge"])?.windows.judges == true)
        for words in [["100"], ["2048", "--seconds", "90"], ["0"], ["1", "2", "3"], ["x"]] {
            #expect(ScrubArguments(words) == nil)
        }
    }

    @Test func `what the scrub has read is found in its status`() throws {
        let status = #"{"bytesTotal":9,"isRunning":true,"round":{"bytes":1234,"copies":5}}"#
        #expect(try ScrubRun.bytes(in: status) == 1234)
        #expect(throws: Failure.self) { try ScrubRun.bytes(in: "{}") }
    }
}
