// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite struct `Addresses` {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("0.0.0.0", "0.0.0.0"),
        ("::1", "::1"), ("::", "::"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("fe80::1:2", "fe80::1:2"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
        ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
    ])
    func `an address is read and written in one spelling`(text: String, spelling: String) {
        #expect(IPAddress(text)?.description == spelling)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.-4", "1.2.3.+4", "a.b.c.d",
        ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1%lo",
        "1:2:3:4:5:6:7::8", "::192.0.2.1:1", "+1::",
    ])
    func `what is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `loopback is known in both families`() throws {
        for text in ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"] {
            #expect(try #require(IPAddress(text)).isLoopback)
        }
        for text in ["128.0.0.1", "0.0.0.0", "::", "::2", "192.168.0.1"] {
            #expect(try !#require(IPAddress(text)).isLoopback)
        }
    }

    @Test func `a range has what shares its prefix`() throws {
        let range = try #require(AddressRange("10.32.0.0/11"))
        #expect(range.contains(try #require(IPAddress("10.63.255.255"))))
        #expect(!range.contains(try #require(IPAddress("10.64.0.0"))))
        #expect(!range.contains(try #require(IPAddress("::1"))))
        #expect(range.description == "10.32.0.0/11")
        let one = try #require(AddressRange("192.0.2.7"))
        #expect(one.contains(try #require(IPAddress("192.0.2.7"))))
        #expect(!one.contains(try #require(IPAddress("192.0.2.6"))))
        let all = try #require(AddressRange("::/0"))
        #expect(all.contains(try #require(IPAddress("2001:db8::1"))))
    }

    @Test(arguments: [
        "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "/8", "a/8", "::/129",
    ])
    func `a range that is none is refused`(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:5000", "127.0.0.1:5000"), ("localhost:0", "127.0.0.1:0"),
        ("[::1]:443", "[::1]:443"),
        ("0.0.0.0:65535", "0.0.0.0:65535"),
    ])
    func `an endpoint is an address and a port`(text: String, spelling: String) {
        #expect(Endpoint(text)?.description == spelling)
    }

    @Test(arguments: [
        "", "5000", ":5000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "::1:5000",
        "[127.0.0.1]:5000", "[]:1", "registry.example:5000", "127.0.0.1:5000:1", "[::1]5000",
        "[::1]",
    ])
    func `what is no endpoint is refused`(text: String) {
        #expect(Endpoint(text) == nil)
    }
}

@Suite struct `Header fields` {
    @Test func `names are compared without regard to case and values keep their order`() {
        var headers = Headers([("Accept", "a"), ("accept", "b"), ("Host", "h")])
        #expect(headers["ACCEPT"] == "a")
        #expect(headers.values("Accept") == ["a", "b"])
        #expect(headers["Acceptx"] == nil)
        headers.set("aCCept", "c")
        #expect(headers.values("accept") == ["c"])
        #expect(headers.fields.map(\.name) == ["Host", "aCCept"])
    }

    @Test func `only ASCII letters have a case`() {
        // 'K' here is U+212A, which Unicode folds to 'k'.
        #expect(Headers([("\u{212A}ey", "1")])["key"] == nil)
        #expect(Headers([("a[", "1")])["a{"] == nil)
    }
}
