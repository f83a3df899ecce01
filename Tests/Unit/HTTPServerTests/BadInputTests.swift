// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import HTTPServer
import Synchronization
import Testing

/// A request that must be refused, and how.
struct BadRequest: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var request: String
    var status: Int

    init(_ testDescription: String, _ request: String, _ status: Int = 400) {
        self.testDescription = testDescription
        self.request = request
        self.status = status
    }

    static let line = "GET /now HTTP/1.1\r\n"
    static let host = "Host: here\r\n"

    /// Each is refused by the server itself, and the connection is closed.
    static let all = [
        BadRequest("no Host", line + "\r\n"),
        BadRequest("two Hosts", line + host + host + "\r\n"),
        BadRequest(
            "Content-Length and Transfer-Encoding",
            "PUT /echo HTTP/1.1\r\n" + host
                + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        BadRequest(
            "Transfer-Encoding and Content-Length",
            "PUT /echo HTTP/1.1\r\n" + host
                + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"
        ),
        BadRequest(
            "two different Content-Lengths",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"
        ),
        BadRequest(
            "two equal Content-Lengths",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"
        ),
        BadRequest(
            "a list of Content-Lengths",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-Length: 3, 3\r\n\r\nabc"
        ),
        BadRequest(
            "a signed Content-Length",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\nabc"
        ),
        BadRequest(
            "a negative Content-Length",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-Length: -3\r\n\r\nabc"
        ),
        BadRequest(
            "a hexadecimal Content-Length",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-Length: 0x3\r\n\r\nabc"
        ),
        BadRequest(
            "an empty Content-Length",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-Length: \r\n\r\n"
        ),
        BadRequest(
            "a Content-Length that no number holds",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\nabc",
            413
        ),
        BadRequest(
            "two Transfer-Encodings",
            "PUT /echo HTTP/1.1\r\n" + host
                + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        BadRequest(
            "a Transfer-Encoding that is not known",
            "PUT /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            501
        ),
        BadRequest(
            "a blank after chunked",
            "PUT /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n",
            501
        ),
        BadRequest(
            "Transfer-Encoding in HTTP/1.0",
            "PUT /echo HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        BadRequest("a blank before the colon", line + "Host : here\r\n\r\n"),
        BadRequest("a tabulator before the colon", line + "Host\t: here\r\n\r\n"),
        BadRequest("a blank in a name", line + host + "X Y: z\r\n\r\n"),
        BadRequest("a blank before the first name", line + " Host: here\r\n\r\n"),
        BadRequest("a folded line", line + host + "X-Long: a\r\n b\r\n\r\n"),
        BadRequest(
            "a name that folding would complete",
            "PUT /echo HTTP/1.1\r\n" + host + "Content-: 3\r\n Length\r\n\r\nabc"
        ),
        BadRequest("no name", line + host + ": value\r\n\r\n"),
        BadRequest("no colon", line + host + "nonsense\r\n\r\n"),
        BadRequest("a NUL in a value", line + host + "X-A: a\u{0}b\r\n\r\n"),
        BadRequest("a NUL in a name", line + host + "X\u{0}A: b\r\n\r\n"),
        BadRequest("a NUL at a value's end", line + host + "X-A: a\u{0}\r\n\r\n"),
        BadRequest("a CR in a value", line + host + "X-A: a\rb\r\n\r\n"),
        BadRequest("an escape character in a value", line + host + "X-A: \u{1b}[31m\r\n\r\n"),
        BadRequest("a NUL in the path", "GET /now\u{0}x HTTP/1.1\r\n" + host + "\r\n"),
        BadRequest("a NUL in the query", "GET /now?a\u{0}x HTTP/1.1\r\n" + host + "\r\n"),
        BadRequest("a NUL in the method", "G\u{0}T /now HTTP/1.1\r\n" + host + "\r\n"),
        BadRequest("two blanks before the path", "GET  /now HTTP/1.1\r\n" + host + "\r\n"),
        BadRequest("a blank in the path", "GET /now x HTTP/1.1\r\n" + host + "\r\n"),
        BadRequest("a path without a slash", "GET now HTTP/1.1\r\n" + host + "\r\n"),
        BadRequest("a path that is not ASCII", "GET /é HTTP/1.1\r\n" + host + "\r\n"),
        BadRequest("a method that is no token", "G(T /now HTTP/1.1\r\n" + host + "\r\n"),
        BadRequest("a blank after the version", "GET /now HTTP/1.1 \r\n" + host + "\r\n"),
        BadRequest("a version of the future", "GET /now HTTP/2.0\r\n" + host + "\r\n", 505),
        BadRequest("a version in lower case", "GET /now http/1.1\r\n" + host + "\r\n"),
        BadRequest(
            "too many fields",
            line + host + (0..<100).map { "X-\($0): y\r\n" }.joined() + "\r\n",
            431
        ),
        BadRequest(
            "a header that is too long",
            line + host + "X-Long: " + String(repeating: "a", count: 16_400) + "\r\n\r\n",
            431
        ),
        BadRequest(
            "a header that is far too long",
            line + host + "X-Long: " + String(repeating: "a", count: 200_000) + "\r\n\r\n",
            431
        ),
        BadRequest(
            "a path that is far too long",
            "GET /" + String(repeating: "a", count: 200_000) + " HTTP/1.1\r\n" + host + "\r\n",
            414
        ),
    ]

    /// Line feeds without a carriage return: one request or a refusal, never two requests.
    static let bareLineFeeds = [
        BadRequest("after the request line", "GET /now HTTP/1.1\n" + host + "\r\n"),
        BadRequest("after a field", line + "Host: here\n\r\n"),
        BadRequest("at the end", line + host + "\n"),
        BadRequest("everywhere", "GET /now HTTP/1.1\nHost: here\n\n"),
        BadRequest("between two fields", line + host + "X-A: a\nX-B: b\r\n\r\n"),
    ]
}

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `Bad input` {
    @Test(arguments: BadRequest.all + BadRequest.bareLineFeeds)
    func `is refused, the connection closed, and the handler not asked`(bad: BadRequest) throws {
        let world = try TestServer()
        let client = try world.client()
        // What follows on the connection is never read as a request.
        try client.send(bad.request + "GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        let text = try client.receiveAll()
        #expect(text.hasPrefix("HTTP/1.1 \(bad.status) "), "\(text.prefix(300))")
        // (The library begins its own answer to a malformed Content-Length twice.)
        #expect(text.components(of: "HTTP/1.1 ") == text.components(of: "HTTP/1.1 \(bad.status) "))
        #expect(world.handler.seen.withLock { $0.isEmpty })
    }

    @Test
    func `what the server refuses is told to the handler's log, with an id`() async throws {
        let world = try TestServer()
        _ = try world.exchange("GET /now HTTP/1.1\r\n\r\n")
        _ = try world.exchange(
            "GET /" + String(repeating: "a", count: 200_000) + " HTTP/1.1\r\n\r\n"
        )
        _ = try world.exchange("GET /now HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n")
        let finished = await world.handler.finishedRequests(2)
        #expect(finished.map(\.status) == [400, 400])
        #expect(finished.allSatisfy { $0.requestID.utf8.count == 15 })
    }

    @Test
    func `a body longer than declared is another request, and refused as one`() throws {
        let world = try TestServer()
        for rest in [
            " there, server", "there", "and also this\r\nHost: here", "GET /now\r\nHost: a",
        ] {
            let text = try world.exchange(
                "PUT /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nhi\(rest)\r\n\r\n"
            )
            #expect(text.contains("\r\n\r\nhi"))
            #expect(text.components(of: " 200 OK") == 1)
        }
        #expect(world.handler.seen.withLock { $0.count } == 4)
    }

    @Test
    func `a body shorter than declared ends with the client`() async throws {
        let world = try TestServer()
        let client = try world.client()
        try client.send("PUT /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nabc")
        client.endSending()
        await world.handler.ended.wait()
        #expect(world.handler.bodyError.withLock { $0 } == .disconnected)
        let finished = await world.handler.finishedRequests(1)
        #expect(finished.map(\.received) == [3])
        #expect(finished.map(\.status) == [499])
    }

    @Test(arguments: [
        "5\r\nhelloXX3\r\n", "-1\r\nabc\r\n", "5 5\r\nhello\r\n", "\r\n", "xyz\r\n",
        "fffffffffffffffff\r\n",
    ])
    func `chunks that are malformed end the request`(chunks: String) async throws {
        let world = try TestServer()
        let text = try world.exchange(
            "PUT /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        )
        #expect(!text.contains("200 OK"))
        await world.handler.ended.wait()
        #expect(world.handler.bodyError.withLock { $0 } == .disconnected)
    }

    @Test
    func `path and query reach the handler as they were sent`() throws {
        let world = try TestServer()
        let text = try world.exchange(
            "GET /v2/%2e%2e/../a%2Fb;c?a=%20+&b&c=%00&&d=? HTTP/1.0\r\n\r\n"
        )
        #expect(text.hasPrefix("HTTP/1.1 404 ") || text.hasPrefix("HTTP/1.0 404 "))
        let head = try #require(world.handler.seen.withLock { $0.first })
        #expect(head.path == "/v2/%2e%2e/../a%2Fb;c")
        #expect(head.query == "a=%20+&b&c=%00&&d=?")
    }

    @Test
    func `a URL as target gives path and query`() throws {
        let world = try TestServer()
        let client = try world.client()
        try client.send("GET http://other:1/head?x HTTP/1.1\r\nHost: here\r\n\r\n")
        let lines = String(decoding: try client.answer().body, as: UTF8.self).split(separator: "\n")
        #expect(lines[1] == "/head")
        #expect(lines[2] == "x")
    }
}

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `Fields that only a proxy may set` {
    static let line = "GET /head HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
    let request =
        "GET /head HTTP/1.1\r\nHost: here\r\nX-Forwarded-For: 1.2.3.4\r\n"
        + "X-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4\r\nX-Request-Id: mine\r\n"
        + "X-Forward: stays\r\nConnection: close\r\n\r\n"

    @Test
    func `are dropped when they come from elsewhere`() throws {
        let text = try TestServer().exchange(request)
        #expect(!text.contains("1.2.3.4"))
        #expect(!text.contains("https"))
        #expect(!text.contains("X-Request-Id: mine\r\n"))
        #expect(text.contains("X-Forward: stays"))
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.0/8"])
    func `count when a configured proxy sends them`(range: String) throws {
        let proxy = try #require(AddressRange(range))
        let text = try TestServer { $0.proxies = [proxy] }.exchange(request)
        #expect(text.contains("X-Forwarded-For: 1.2.3.4"))
        #expect(text.contains("Forwarded: for=1.2.3.4"))
        #expect(text.contains("X-Request-Id: mine\r\n"))
    }

    /// What `X-Forwarded-For` says, and whom the log then names.
    static let clients = [
        (["192.0.2.9"], "192.0.2.9"),
        (["6.6.6.6, 192.0.2.9"], "192.0.2.9"),
        (["6.6.6.6", "192.0.2.9,\t10.1.2.3 "], "192.0.2.9"),
        (["10.1.2.3, 127.0.0.1"], "10.1.2.3"),
        (["6.6.6.6, nonsense, 10.1.2.3"], "10.1.2.3"),
        (["[2001:db8::9]:4711"], "2001:db8::9"),
        (["192.0.2.9:4711"], "192.0.2.9"),
    ]

    @Test(arguments: clients)
    func `name the client behind the proxies, but not what the client wrote itself`(
        values: [String],
        client: String
    ) throws {
        let ranges = ["127.0.0.1", "10.0.0.0/8"].compactMap { AddressRange($0) }
        let fields = values.map { "X-Forwarded-For: \($0)\r\n" }.joined()
        let text = try TestServer { $0.proxies = ranges }.exchange(Self.line + fields + "\r\n")
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).contains(client[...]))
        let direct = try TestServer().exchange(Self.line + fields + "\r\n")
        #expect(!direct.contains(client))
        #expect(direct.contains("\n127.0.0.1:"))
    }

    @Test(arguments: ["", "nonsense", "nonsense, , "])
    func `leave the peer as it is when they name nobody`(value: String) throws {
        let proxy = try #require(AddressRange("127.0.0.1"))
        let text = try TestServer { $0.proxies = [proxy] }
            .exchange(Self.line + "X-Forwarded-For: \(value)\r\n\r\n")
        #expect(text.contains("\n127.0.0.1:"))
    }
}

extension String {
    /// How often `part` occurs.
    func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: part) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
