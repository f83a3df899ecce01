// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@Suite struct `JSON from outside` {
    private func parse(_ text: String) throws(JSONError) -> JSONValue {
        try JSONValue.parse(Array(text.utf8))
    }

    @Test func `every kind of value is read`() throws {
        let value = try parse(
            #" {"a": null, "b": [true, false], "c": -9223372036854775808, "d": 1.5, "e": "ü\n\u00e9😀"} "#
        )
        #expect(
            value
                == .object([
                    .init("a", .null),
                    .init("b", .array([.bool(true), .bool(false)])),
                    .init("c", .integer(.min)),
                    .init("d", .real(1.5)),
                    .init("e", .string("ü\né😀")),
                ])
        )
        #expect(value["c"]?.integer == .min)
        #expect(value["e"]?.string == "ü\né😀")
        #expect(value["b"]?.array?.count == 2)
        #expect(value["z"] == nil)
    }

    @Test func `members keep the order of the text`() throws {
        let keys = (0..<200).map { "k\(($0 * 7919) % 1000)" }
        let text = "{" + keys.map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        #expect(try parse(text).members?.map(\.key) == keys)
    }

    @Test(arguments: [
        #"{"a":1,"a":1}"#, #"{"a":1,"b":{"c":1,"c":2}}"#, #"{"a":1,"\u0061":2}"#, #"{"":1,"":2}"#,
    ])
    func `two equal keys are refused`(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{\"a\":}", "{a:1}", "{'a':1}", "[1 2]", "nul", "NaN",
        "Infinity",
        "+1", "01", "1.", ".5", "1e", "0x10", "\"a", "\"\u{1}\"", "[1] x", "{} {}", "// c\n1",
        "9223372036854775808", "-9223372036854775809", "1e999", "-1e999", "\u{FEFF}{}", "\"\\x\"",
        "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u00\"", "\"a\\u0000b\"", "{\"a\\u0000\":1}",
        "\u{0}", "[\u{0}]", "{}\u{0}",
    ])
    func `what is not strict JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3],
            [0xE2, 0x82],
        ] as [[UInt8]]
    )
    func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: JSONError.self) { try JSONValue.parse([quote] + bytes + [quote]) }
    }

    @Test func `nesting is bounded and the place is named`() throws {
        let limit = JSONLimits().depthMax
        let open = String(repeating: "[", count: limit)
        let close = String(repeating: "]", count: limit)
        _ = try parse(open + close)
        let error = #expect(throws: JSONError.self) { try parse("\n \(open)[]\(close)") }
        #expect(error?.line == 2)
        #expect(error?.column == limit + 2)
        #expect(error?.description == "nested deeper than 64 (line 2, column 66)")
    }

    @Test func `a million brackets are refused without a stack of a million`() {
        #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONError.self) {
            try parse(String(repeating: "{\"a\":", count: 1_000_000))
        }
    }

    @Test func `the number of values is bounded, for they cost more than their text`() throws {
        var limits = JSONLimits()
        limits.valuesMax = 5
        let parse = { (text: String) in try JSONValue.parse(Array(text.utf8), limits: limits) }
        _ = try parse(#"[",,,,,[[[[",2,3,4]"#)
        #expect(throws: JSONError.self) { try parse("[1,2,3,4,5]") }
        #expect(throws: JSONError.self) { try parse("[[],[],[],[]]") }
    }

    @Test func `the size is bounded`() throws {
        var limits = JSONLimits()
        limits.sizeMax = 4
        _ = try JSONValue.parse(Array("1234".utf8), limits: limits)
        #expect(throws: JSONError(problem: "longer than 4 bytes", line: 0, column: 0)) {
            try JSONValue.parse(Array("12345".utf8), limits: limits)
        }
    }

    @Test func `an error says what and where`() {
        let error = #expect(throws: JSONError.self) { try parse("{\n  \"a\": 1,\n  \"a\": 2\n}") }
        #expect(error?.line == 3)
        #expect(error?.description.contains("duplicate object key") == true)
        let empty = #expect(throws: JSONError.self) { try parse("") }
        #expect(empty?.description == "the document is empty")
    }
}

@Suite struct `JSON of our own` {
    @Test func `it is written without white space and in order`() {
        let value = JSONValue.object([
            .init("b", .array([.integer(-1), .real(0.5), .null])),
            .init("a", .object([])), .init("c", .array([])), .init("d", .bool(false)),
        ])
        #expect(
            String(decoding: value.encoded, as: UTF8.self)
                == #"{"b":[-1,0.5,null],"a":{},"c":[],"d":false}"#
        )
    }

    @Test func `quotes, backslashes and control characters are escaped`() {
        let value = JSONValue.string("\"\\/\n\t\u{0}\u{1F}\u{7F}é")
        #expect(
            String(decoding: value.encoded, as: UTF8.self)
                == #""\"\\/\n\u0009\u0000\u001f"# + "\u{7F}é\""
        )
    }

    @Test func `what is written is read back equal`() throws {
        let texts = (0..<0x250).compactMap { Unicode.Scalar(UInt32($0)) }.filter { $0 != "\0" }
        var all = ""
        all.unicodeScalars.append(contentsOf: texts)
        let value = JSONValue.object([
            .init(all, .string(all + "😀")), .init("max", .integer(.max)),
            .init(
                "real",
                .array([.real(1e300), .real(.leastNonzeroMagnitude), .real(-0.1), .real(1e16)])
            ),
        ])
        #expect(try JSONValue.parse(value.encoded) == value)
        #expect(try JSONValue.parse(value.encoded).encoded == value.encoded)
    }

    @Test func `a number that JSON does not have ends the process`() async {
        await #expect(processExitsWith: .failure) {
            _ = JSONValue.real(.infinity).encoded
        }
    }
}
