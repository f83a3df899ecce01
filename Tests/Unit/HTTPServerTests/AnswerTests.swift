// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import HTTPClient
import HTTPServer
import Platform
import Synchronization
import Testing

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `Answers over a socket` {
    @Test
    func `what memory can answer comes at once, and the connection stays`() async throws {
        let world = try TestServer()
        let client = try world.client()
        for _ in 0..<3 {
            try client.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
            let answer = try client.answer()
            #expect(answer.status == 200)
            #expect(answer.body == Array("now\n".utf8))
            #expect(answer.headers["X-Request-Id"]?.utf8.count == 15)
        }
        let finished = await world.handler.finishedRequests(3)
        #expect(finished.map(\.status) == [200, 200, 200])
        #expect(finished.map(\.sent) == [4, 4, 4])
        #expect(Set(finished.map(\.requestID)).count == 3)
    }

    @Test
    func `what must wait is answered by a task`() async throws {
        let world = try TestServer()
        let client = try world.client()
        try client.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        world.handler.gate.open()
        #expect(try client.answer().body == Array("waited\n".utf8))
        try client.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(try client.answer().status == 200)
    }

    @Test
    func `pipelined requests are answered in order`() async throws {
        let world = try TestServer()
        let client = try world.client()
        world.handler.gate.open()
        try client.send(
            "GET /now HTTP/1.1\r\nHost: here\r\n\r\nGET /wait HTTP/1.1\r\nHost: here\r\n\r\n"
                + "PUT /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nhi"
                + "GET /none HTTP/1.1\r\nHost: here\r\n\r\n"
        )
        #expect(try client.answer().body == Array("now\n".utf8))
        #expect(try client.answer().body == Array("waited\n".utf8))
        #expect(try client.answer().body == Array("hi".utf8))
        #expect(try client.answer().status == 204)
    }

    @Test
    func `HTTP 1.0 without a Host is answered and closed`() throws {
        let text = try TestServer().exchange("GET /now HTTP/1.0\r\n\r\n")
        #expect(text.contains(" 200 OK\r\n"))
        #expect(text.hasSuffix("\r\n\r\nnow\n"))
    }

    @Test(arguments: [0, 1, 4_096, 4_097, 1_000_000, 70_000_000])
    func `a part of a file arrives whole`(size: Int) async throws {
        let world = try TestServer()
        let offset = size / 3
        let file = try TestFile(size: size, offset: UInt64(offset))
        world.handler.files.withLock { $0["/file"] = file }
        let answer = try await world.send("GET", "/file")
        #expect(answer.status == 200)
        #expect(answer.headers["Content-Length"] == "\(size - offset)")
        #expect(answer.body == TestFile.bytes(offset..<size))
        let finished = await world.handler.finishedRequests(1)
        #expect(finished.map(\.sent) == [UInt64(size - offset)])
    }

    @Test
    func `a file that the kernel does not know is read`() async throws {
        let world = try TestServer()
        let file = try TestFile(size: 300_000, hasDescriptor: false)
        world.handler.files.withLock { $0["/file"] = file }
        #expect(try await world.send("GET", "/file").body == TestFile.bytes(0..<300_000))
    }

    @Test
    func `a file that cannot be read cuts the connection`() async throws {
        let world = try TestServer()
        let file = try TestFile(size: 300_000, hasDescriptor: false, failsAt: 100_000)
        world.handler.files.withLock { $0["/file"] = file }
        await #expect(throws: TransportError.self) { try await world.send("GET", "/file") }
        let finished = await world.handler.finishedRequests(1)
        #expect(finished.map(\.status) == [200])
        #expect(finished[0].sent < 300_000)
    }

    @Test(arguments: ["/now", "/file", "/letters", "/none"])
    func `HEAD has the header of GET and no body`(path: String) async throws {
        let world = try TestServer()
        let file = try TestFile(size: 5_000)
        world.handler.files.withLock { $0["/file"] = file }
        let client = try world.client()
        try client.send("HEAD \(path) HTTP/1.1\r\nHost: here\r\n\r\n")
        try client.send("GET /head HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        let text = try client.receiveAll()
        let lengths = ["/now": "Content-Length: 4\r\n", "/file": "Content-Length: 5000\r\n"]
        #expect(text.contains(lengths[path] ?? "HTTP/1.1 20"))
        #expect(text.contains("\r\n\r\nHTTP/1.1 200 OK\r\n"))
        let finished = await world.handler.finishedRequests(2)
        #expect(finished[0].sent == 0)
    }

    @Test
    func `a stream arrives whole, in chunks`() async throws {
        let world = try TestServer()
        let answer = try await world.send("GET", "/letters")
        #expect(answer.headers["Transfer-Encoding"] == "chunked")
        #expect(answer.body.count == 100_000)
        #expect(answer.body.suffix(10) == [UInt8](repeating: UInt8(ascii: "b"), count: 10)[...])
        #expect(try await world.send("GET", "/stream-now").body.count == 30)
        let finished = await world.handler.finishedRequests(2)
        // The end of the one is told on its own connection's thread, perhaps after the other's.
        #expect(finished.map(\.sent).sorted() == [30, 100_000])
    }

    @Test(arguments: ["/endless", "/waiting"])
    func `a stream ends when its client goes away, even if it has nothing to send`(
        path: String
    ) async throws {
        let world = try TestServer()
        do {
            let client = try world.client()
            try client.send("GET \(path) HTTP/1.1\r\nHost: here\r\n\r\n")
            _ = try client.receive()
        }
        await world.handler.ended.wait()
        let finished = await world.handler.finishedRequests(1)
        #expect(finished[0].sent > 0)
    }

    @Test
    func `an answer that HTTP cannot carry becomes a 500`() throws {
        let text = try TestServer().exchange("GET /broken HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.1 500 "))
        #expect(!text.contains("b: c"))
    }

    @Test
    func `too many requests at once get 503 and are not kept waiting`() async throws {
        let world = try TestServer { $0.requestsMax = 1 }
        let first = try world.client()
        try first.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        await world.handler.entered.wait()
        let second = try world.client()
        try second.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        let answer = try second.answer()
        #expect(answer.status == 503)
        #expect(answer.headers["Retry-After"] == "1")
        // What memory can answer is answered all the same, on the same connection.
        try second.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(try second.answer().status == 200)
        world.handler.gate.open()
        #expect(try first.answer().status == 200)
    }

    @Test
    func `a thousand clients at once are answered`() async throws {
        try #require(OpenFileLimit.raise() > 4_000, "raise `ulimit -Hn`")
        let world = try TestServer()
        let clients = try (0..<1_000).map { _ in try world.client() }
        for client in clients { try client.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n") }
        world.handler.gate.open()
        for client in clients { #expect(try client.answer().status == 200) }
        #expect(world.server.connectionCount == 1_000)
        #expect(world.server.workingCount <= 1_000)
    }
}
