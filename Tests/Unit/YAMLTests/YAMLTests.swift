// SPDX-License-Identifier: Apache-2.0

import Testing
import YAML

private func parse(_ text: String, limits: YAMLLimits = .init()) throws(YAMLError) -> YAMLNode {
    try YAMLNode.parse(Array(text.utf8), limits: limits)
}

private func problem(_ text: String, limits: YAMLLimits = .init()) -> YAMLError? {
    do {
        _ = try parse(text, limits: limits)
        return nil
    } catch {
        return error
    }
}

@Suite struct `YAML documents` {
    @Test func `every part knows where it stands`() throws {
        let root = try parse(
            "# c\nlisten: 127.0.0.1:5000\ntls:\n  key: \"k\"\nlist:\n  - a\n  -   b\n"
        )
        #expect(root.place == YAMLPlace(line: 2, column: 1))
        let entries = try #require(root.entries)
        #expect(entries.map(\.key) == ["listen", "tls", "list"])
        #expect(entries.map(\.place.line) == [2, 3, 5])
        #expect(root["listen"]?.text == "127.0.0.1:5000")
        #expect(root["listen"]?.place == YAMLPlace(line: 2, column: 9))
        #expect(root["tls"]?["key"]?.value == .scalar("k", isPlain: false))
        #expect(root["tls"]?["key"]?.place == YAMLPlace(line: 4, column: 8))
        guard case .sequence(let elements) = root["list"]?.value else {
            Issue.record("no list")
            return
        }
        #expect(elements.map(\.text) == ["a", "b"])
        #expect(elements.last?.place == YAMLPlace(line: 7, column: 7))
    }

    @Test(arguments: ["", "\n", "# only a comment\n", "---\n", "---\n...\n", "~", "null"])
    func `a document without content is null`(text: String) throws {
        #expect(try parse(text).value == .null)
    }

    @Test func `null is null only without quotes`() throws {
        let root = try parse("a:\nb: ~\nc: null\nd: 'null'\ne: ''\nf: \"~\"\n")
        for key in ["a", "b", "c"] { #expect(root[key]?.value == .null) }
        for (key, text) in [("d", "null"), ("e", ""), ("f", "~")] {
            #expect(root[key]?.text == text)
        }
    }

    @Test func `blocks, folds and flows are read`() throws {
        let root = try parse(
            "a: |\n  x\n  y\nb: >\n  x\n  y\nc: {d: [1, 'two', \"thr\\u00e9e\"]}\n"
        )
        #expect(root["a"]?.text == "x\ny\n")
        #expect(root["b"]?.text == "x y\n")
        guard case .sequence(let elements) = root["c"]?["d"]?.value else {
            Issue.record("no list")
            return
        }
        #expect(elements.map(\.text) == ["1", "two", "thrée"])
    }

    @Test func `a key that is there twice is refused where it is the second time`() {
        let error = problem("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
        #expect(
            error
                == YAMLError(
                    problem: "the key 'c' is there twice",
                    place: YAMLPlace(line: 5, column: 3)
                )
        )
        #expect(problem("a: 1\n\"a\": 2\n") != nil)
        #expect(problem("é: 1\ne\u{301}: 2\n") == nil)
    }

    @Test func `anchors, aliases and tags are refused, and with them the bomb`() {
        #expect(problem("a: &x 1\nb: *x\n")?.problem == "anchors (&name) are not taken")
        #expect(problem("a: *x\n")?.problem == "aliases (*name) are not taken")
        #expect(problem("a: &x [1]\n")?.problem == "anchors (&name) are not taken")
        #expect(problem("a: &x {b: 1}\n")?.problem == "anchors (&name) are not taken")
        for text in ["a: !!str 1", "a: !x {b: 1}", "a: !x [1]", "!x\n"] {
            #expect(problem(text)?.problem == "tags (!name) are not taken")
        }
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1..<30 {
            let one = "*a\(level - 1)"
            let ten = Array(repeating: one, count: 10).joined(separator: ",")
            bomb += "a\(level): &a\(level) [\(ten)]\n"
        }
        #expect(problem(bomb) != nil)
    }

    @Test(arguments: [
        "a: b: c", "a: [1", "a: {b", "a: \"x", "\tb: 1", "a: 1\n b: 2", "- a\nb: 1", "a: 'x\n",
        "a: \u{1}", "a: \u{0}", "@a: 1", "? [a]\n: 1", "{a: 1}: 2", "a: 1\n---\nb: 2",
        "%FOO\n---\n%",
    ])
    func `what is no single document with text keys is refused`(text: String) {
        #expect(problem(text) != nil)
    }

    @Test(
        arguments: [[0x61, 0x3A, 0x20, 0xFF], [0x0A, 0x61, 0xC0, 0x80], [0xED, 0xA0, 0x80]]
            as [[UInt8]]
    )
    func `bytes that are not UTF-8 are refused with their place`(bytes: [UInt8]) {
        let error = #expect(throws: YAMLError.self) { try YAMLNode.parse(bytes) }
        #expect(error.map { (1...2).contains($0.place.line) && $0.place.column >= 1 } == true)
    }

    @Test func `an error says what and where`() {
        #expect(problem("a: 1\nb: \u{7}\n")?.description.contains("line 2, column 4") == true)
        #expect(problem("a: 1\nb: [1\n")?.place.line == 3)
    }

    @Test func `size, depth and number are bounded`() {
        var limits = YAMLLimits()
        limits.sizeMax = 8
        #expect(problem("a: 12345", limits: limits) == nil)
        #expect(problem("a: 123456", limits: limits)?.problem == "longer than 8 bytes")
        let nested = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(problem(nested(16)) == nil)
        #expect(problem(nested(17))?.problem == "nested deeper than 16")
        #expect(problem(nested(100_000))?.problem == "nested deeper than 16")
        let list = { "[" + Array(repeating: "1", count: $0).joined(separator: ",") + "]" }
        #expect(problem(list(16_383)) == nil)
        #expect(problem(list(16_384))?.problem == "more than 16384 values")
    }
}
