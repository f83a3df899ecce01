// SPDX-License-Identifier: Apache-2.0

import Crypto
import Testing

@Suite struct `Lines with a check behind them` {
    private let lines = ["breakwater example 1", "day 20780"]

    @Test func `are read as they were written`() {
        #expect(CheckedLines.lines(of: CheckedLines.text(lines)) == lines.map { $0[...] })
        #expect(CheckedLines.lines(of: CheckedLines.text([])) == [])
    }

    @Test func `are none where any bit of the file is another, or its end is missing`() {
        let text = CheckedLines.text(lines)
        for bit in 0..<text.count * 8 {
            var flipped = text
            flipped[bit / 8] ^= 1 << (bit % 8)
            #expect(CheckedLines.lines(of: flipped) == nil)
        }
        for length in text.indices {
            #expect(CheckedLines.lines(of: Array(text[..<length])) == nil)
        }
    }

    @Test func `say in the documented form what their check is`() {
        // printf 'a\n' | sha256sum
        let check = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
        let text = CheckedLines.text(["a"])
        #expect(String(decoding: text, as: UTF8.self) == "a\ncheck \(check)\n")
        #expect(text.count == 2 + CheckedLines.lineBytes)
    }
}
