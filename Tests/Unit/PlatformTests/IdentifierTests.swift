// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@Suite struct `Identifiers` {
    @Test func `the text is the bytes, and is read back`() {
        let id = Identifier(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        #expect(id.description == "0123456789abcdeffedcba9876543210")
        #expect(Identifier(id.description) == id)
        #expect(
            id.bytes == [
                0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54,
                0x32,
                0x10,
            ]
        )
        #expect(Identifier(high: 0, low: 1).description == String(repeating: "0", count: 31) + "1")
    }

    @Test(arguments: [
        "", "0", String(repeating: "0", count: 31), String(repeating: "0", count: 33),
        String(repeating: "A", count: 32), String(repeating: "g", count: 32),
        "01234567-89ab-cdef-fedc-ba9876543210", String(repeating: "0", count: 31) + " ",
    ])
    func `anything else is refused`(text: String) {
        #expect(Identifier(text) == nil)
    }

    @Test func `the order is that of the bytes`() {
        let ids = [
            Identifier(high: 1, low: 0), Identifier(high: 0, low: .max),
            Identifier(high: 0, low: 2),
            Identifier(high: .max, low: 0),
        ]
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    }
}
