// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite struct `Range of a GET` {
    private func select(_ range: String, of size: UInt64 = 100) -> RangeSelection {
        RangeSelection(Headers([("Range", range)]), size: size, entityTag: EntityTag(strong: "a"))
    }

    private func part(_ first: UInt64, _ last: UInt64) throws -> RangeSelection {
        .part(try #require(ByteRange(first: first, last: last)))
    }

    @Test func `without a range everything is sent`() {
        #expect(RangeSelection(Headers(), size: 5, entityTag: nil) == .whole)
    }

    @Test(arguments: [
        ("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=10-", 10, 99), ("bytes=-1", 99, 99),
        ("bytes=-100", 0, 99), ("bytes=-101", 0, 99), ("bytes=90-200", 90, 99),
        ("BYTES=5-6", 5, 6), ("bytes= 5-6 ,", 5, 6),
        ("bytes=5-99999999999999999999999", 5, 99), ("bytes=-99999999999999999999999", 0, 99),
    ])
    func `one range is answered with that part`(range: String, first: UInt64, last: UInt64) throws {
        #expect(select(range) == (try part(first, last)))
    }

    @Test(arguments: [
        "bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-",
        "bytes=100-101,200-",
    ])
    func `a range of which nothing is there is 416`(range: String) {
        #expect(select(range) == .unsatisfiable)
    }

    @Test(arguments: [
        "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1", "bytes=+1-2",
        "bytes=1-2-3", "bytes=0x1-2", "bytes=--1", "lines=0-1", "", "=0-1", "bytes=1 -2",
        "bytes=0-1,x", "bytes=\u{0661}-2", "bytes=99999999999999999999999-5",
    ])
    func `a range that is malformed or of another unit is ignored`(range: String) {
        #expect(select(range) == .whole)
    }

    @Test(arguments: ["bytes=0-1,5-6", "bytes=0-1,200-", "bytes=-1,0-0"])
    func `several ranges are answered with everything`(range: String) {
        #expect(select(range) == .whole)
    }

    @Test func `of nothing at all no part can be sent`() {
        #expect(select("bytes=0-", of: 0) == .unsatisfiable)
        #expect(select("bytes=-5", of: 0) == .whole)
    }

    @Test func `parts beyond four gibibytes are exact`() throws {
        let size: UInt64 = 5 << 30
        #expect(select("bytes=4294967296-4294967305", of: size) == (try part(1 << 32, 1 << 32 | 9)))
        #expect(ByteRange(first: 1 << 32, last: size - 1)?.count == 1 << 30)
    }

    @Test func `a range counts only while If-Range names what is there`() throws {
        let select = { (condition: String, tag: EntityTag?) in
            RangeSelection(
                Headers([("Range", "bytes=1-2"), ("If-Range", condition)]),
                size: 100,
                entityTag: tag
            )
        }
        let current = EntityTag(strong: "sha256:aa")
        #expect(select("\"sha256:aa\"", current) == (try part(1, 2)))
        #expect(select("\"sha256:bb\"", current) == .whole)
        #expect(select("W/\"sha256:aa\"", current) == .whole)
        #expect(select("Wed, 21 Oct 2015 07:28:00 GMT", current) == .whole)
        #expect(select("\"sha256:aa\"", nil) == .whole)
    }

    @Test func `the fields of 206 and 416 are those of the RFC`() throws {
        let range = try #require(ByteRange(first: 2, last: 4))
        #expect(range.contentRange(of: 10) == "bytes 2-4/10")
        #expect(range.count == 3)
        #expect(ByteRange.unsatisfied(of: 10) == "bytes */10")
    }
}

@Suite struct `Content-Range of a chunk` {
    @Test func `it is two numbers and a hyphen`() {
        #expect(ByteRange(uploadContentRange: "0-0") == ByteRange(first: 0, last: 0))
        #expect(ByteRange(uploadContentRange: "10-19")?.count == 10)
        #expect(ByteRange(uploadContentRange: "5368709120-5368709121")?.first == 5 << 30)
    }

    @Test(arguments: [
        "", "-", "0-", "-1", "5-4", "bytes 0-1", "bytes=0-1", "0-1/2", " 0-1", "0-1 ", "0-1-2",
        "a-b", "0--1", "99999999999999999999-99999999999999999999", "0-18446744073709551615",
    ])
    func `anything else is refused`(text: String) {
        #expect(ByteRange(uploadContentRange: text) == nil)
    }
}
