// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPServer
import Platform
import Testing

@Suite(.timeLimit(.minutes(2)))
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
        await world.handler.gate.open()
        #expect(try client.answer().body == Array("waited\n".utf8))
        try client.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(try client.answer().status == 200)
    }

    @Test
    func `a body is received and sent back, counted or in chunks`() async throws {
        let world = try TestServer()
        let client = try world.client()
        try client.send("PUT /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello")
        #expect(try client.answer().body == Array("hello".utf8))
        try client.send(
            "PUT /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        )
        #expect(try client.answer().body == Array("hello world".utf8))
        let finished = await world.handler.finishedRequests(2)
        #expect(finished.map(\.received) == [5, 11])
    }

    @Test
    func `pipelined requests are answered in order`() async throws {
        let world = try TestServer()
        let client = try world.client()
        await world.handler.gate.open()
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
}
