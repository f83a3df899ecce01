// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import HTTPClient
import HTTPServer
import Platform
import Synchronization
import Testing

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `Bodies of requests` {
    static let put = "PUT /echo HTTP/1.1\r\nHost: here\r\n"

    @Test
    func `are received and sent back, counted or in chunks`() async throws {
        let world = try TestServer()
        let client = try world.client()
        try client.send(`Bodies of requests`.put + "Content-Length: 5\r\n\r\nhello")
        #expect(try client.answer().body == Array("hello".utf8))
        try client.send(
            `Bodies of requests`.put + "Transfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: z\r\n\r\n"
        )
        #expect(try client.answer().body == Array("hello world".utf8))
        let finished = await world.handler.finishedRequests(2)
        #expect(finished.map(\.received) == [5, 11])
    }

    @Test(arguments: [1, 65_536, 262_144, 3_000_000, 20_000_000])
    func `of any size arrive whole`(size: Int) async throws {
        let world = try TestServer()
        let body = TestFile.bytes(0..<size)
        let answer = try await world.send("PUT", "/echo", body: body)
        #expect(answer.body == body)
        let finished = await world.handler.finishedRequests(1)
        #expect(finished.map(\.received) == [UInt64(size)])
    }

    @Test
    func `in chunks of every size arrive whole`() async throws {
        let world = try TestServer()
        let sizes = Mutex((1...600).map { $0 * 7 })
        let total = (1...600).reduce(0) { $0 + $1 * 7 }
        let sent = Mutex(0)
        let answer = try world.http()
            .send(
                RequestHead(method: "PUT", path: "/echo"),
                .produced(count: nil) { most in
                    let size = sizes.withLock { $0.popLast() } ?? 0
                    return sent.withLock { sent in
                        defer { sent += min(size, most) }
                        return TestFile.bytes(sent..<(sent + min(size, most)))
                    }
                },
                limit: total
            )
        #expect(answer.body == TestFile.bytes(0..<total))
    }

    @Test
    func `nobody asks for hold their client back, and memory is bounded`() async throws {
        let world = try TestServer()
        let client = try world.client()
        let size = 32 << 20
        try client.send(
            "PUT /hold HTTP/1.1\r\nHost: here\r\nContent-Length: \(size)\r\n\r\n"
        )
        let body = TestFile.bytes(0..<size)
        // What the two sockets' buffers and the server's own take.
        let taken = client.sendWhatIsTaken(body)
        #expect(taken < size * 2 / 3)
        world.handler.gate.open()
        let writer = client.sendOnThread(Array(body[taken...]))
        let answer = try client.answer()
        writer.join()
        #expect(answer.body == body)
    }

    @Test
    func `that are asked for slowly hold their client back too`() async throws {
        let world = try TestServer()
        let client = try world.client()
        let size = 32 << 20
        try client.send(
            "PUT /first-then-hold HTTP/1.1\r\nHost: here\r\nContent-Length: \(size)\r\n\r\n"
        )
        let body = TestFile.bytes(0..<size)
        let taken = client.sendWhatIsTaken(body)
        #expect(taken < size * 2 / 3)
        world.handler.gate.open()
        let writer = client.sendOnThread(Array(body[taken...]))
        let answer = try client.answer()
        writer.join()
        #expect(answer.body == body)
    }

    @Test
    func `are asked for only when the handler wants them`() throws {
        let world = try TestServer()
        let client = try world.client()
        let expect = "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        try client.send(`Bodies of requests`.put + expect)
        #expect(try client.answer().status == 100)
        try client.send("hello")
        #expect(try client.answer().body == Array("hello".utf8))
        try client.send("PUT /refuse HTTP/1.1\r\nHost: here\r\n" + expect)
        let refused = try client.answer()
        #expect(refused.status == 404)
        #expect(refused.headers["Connection"] == "close")
        #expect(try client.isClosed())
    }

    @Test
    func `that are short and not read are dropped, and the connection stays`() throws {
        let world = try TestServer()
        let client = try world.client()
        for _ in 0..<2 {
            try client.send("PUT /refuse HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello")
            #expect(try client.answer().status == 404)
        }
        try client.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(try client.answer().status == 200)
    }

    @Test(arguments: ["Content-Length: 100000000", "Transfer-Encoding: chunked"])
    func `that are long are answered before their end, and the connection closed`(
        framing: String
    ) async throws {
        let world = try TestServer()
        for path in ["/refuse", "/first-chunk"] {
            let client = try world.client()
            try client.send("PUT \(path) HTTP/1.1\r\nHost: here\r\n\(framing)\r\n\r\n")
            // More than a handler that waits for the first of it is woken for.
            let chunk = [UInt8](repeating: 1, count: 200_000)
            if framing.hasPrefix("T") { try client.send("30d40\r\n") }
            try client.send(chunk)
            if path == "/first-chunk" {
                await world.handler.entered.wait()
                // More than is held for a handler, as of a client that sends on: the answer is seen when
                // more of the body comes, or where there is no room for more.
                for _ in 0..<4 {
                    if framing.hasPrefix("T") { try client.send("\r\n30d40\r\n") }
                    try client.send(chunk)
                }
            }
            let answer = try client.answer()
            #expect(answer.status == (path == "/refuse" ? 404 : 507))
            #expect(answer.headers["Connection"] == "close")
            #expect(answer.headers["X-Request-Id"] != nil)
            // What still comes is read, so that the answer is not lost by a reset.
            if framing.hasPrefix("T") { try client.send("\r\n30d40\r\n") }
            try client.send(chunk)
            client.endSending()
            #expect(try client.isClosed())
        }
        let finished = await world.handler.finishedRequests(2)
        #expect(finished.map(\.status).sorted() == [404, 507])
        #expect(finished.map(\.sent).sorted() == [3, 5])
    }

    @Test
    func `end with the client that goes away`() async throws {
        let world = try TestServer()
        do {
            let client = try world.client()
            try client.send(`Bodies of requests`.put + "Content-Length: 1000000\r\n\r\nabc")
        }
        await world.handler.ended.wait()
        #expect(world.handler.bodyError.withLock { $0 } == .disconnected)
        #expect(world.handler.taken.load(ordering: .relaxed) == 3)
    }
}
