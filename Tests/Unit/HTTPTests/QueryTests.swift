// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite struct `Query of a request` {
    @Test func `parameters are decoded and kept in order`() throws {
        let query = try Query("tag=1.2&digest=sha256%3Aab&tag=latest&flag")
        #expect(query.values("tag") == ["1.2", "latest"])
        #expect(try query.value("digest") == "sha256:ab")
        #expect(try query.value("flag") == "")
        #expect(try query.value("n") == nil)
    }

    @Test func `no query and an empty query have no parameters`() throws {
        #expect(try Query(nil).parameters.isEmpty)
        #expect(try Query("").parameters.isEmpty)
        #expect(try Query("&&").parameters.isEmpty)
    }

    @Test func `a plus stays a plus, as media types have it`() throws {
        let query = try Query("artifactType=application/spdx+json")
        #expect(try query.value("artifactType") == "application/spdx+json")
        let encoded = try Query("artifactType=application%2Fspdx%2bjson")
        #expect(try encoded.value("artifactType") == "application/spdx+json")
    }

    @Test func `an equals sign in a value belongs to the value`() throws {
        #expect(try Query("state=abc==").value("state") == "abc==")
    }

    @Test func `a parameter that may stand once is refused when it stands twice`() throws {
        let query = try Query("digest=a&digest=b")
        #expect(throws: QueryError.repeated("digest")) { try query.value("digest") }
        #expect(QueryError.repeated("digest").status == 400)
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%C3", "%00=b", "a=%0d%0a", "a=%7f"])
    func `what is no percent-encoded text is refused`(text: String) {
        #expect(throws: QueryError.malformed(text)) { try Query(text) }
    }

    @Test func `a query over its length is refused before it is read`() throws {
        var limits = Query.Limits()
        limits.lengthMax = 10
        #expect(try Query("a=12345678", limits: limits).parameters.count == 1)
        #expect(throws: QueryError.tooLong(max: 10)) { try Query("a=123456789", limits: limits) }
        #expect(QueryError.tooLong(max: 10).status == 414)
    }

    @Test func `a query with too many parameters is refused`() throws {
        let most = Array(repeating: "a=1", count: 128)
        #expect(try Query(most.joined(separator: "&")).parameters.count == 128)
        #expect(throws: QueryError.tooMany(max: 128)) {
            try Query((most + ["b=1"]).joined(separator: "&"))
        }
    }

    @Test func `what was encoded is decoded to what it was`() {
        for text in ["application/a+json", "ü/ä b", "a&b=c%d", "\"<>\"", "sha256:0a"] {
            let encoded = PercentCoding.encode(text)
            #expect(PercentCoding.decode(encoded) == text)
            #expect(!encoded.utf8.contains { $0 <= 0x20 || $0 > 0x7E || $0 == UInt8(ascii: "&") })
        }
        #expect(PercentCoding.encode("a+b c") == "a%2Bb%20c")
    }
}
