// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import HTTP
import HTTPServer
import Platform
import Synchronization
import Testing

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `Slow clients` {
    @Test
    func `that send nothing are closed after the header's time`() throws {
        let world = try TestServer { $0.headerDeadline = .milliseconds(300) }
        #expect(try world.client().isClosed())
    }

    @Test
    func `that trickle their first header are closed`() throws {
        let world = try TestServer { $0.headerDeadline = .milliseconds(500) }
        let client = try world.client()
        let text =
            "GET /now HTTP/1.1\r\nHost: here\r\nX-Long: " + String(repeating: "a", count: 10_000)
        #expect(client.trickle(text) < 10_000)
        #expect(try client.isClosed())
    }

    @Test
    func `that trickle a later header are closed after its own time`() throws {
        let world = try TestServer { $0.headerDeadline = .milliseconds(500) }
        let client = try world.greeted(by: "GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        // Idle for longer than a header may take, which is allowed.
        #expect(!client.isClosedWithin(milliseconds: 1_200))
        #expect(
            client.trickle("GET /now HTTP/1.1\r\nX: " + String(repeating: "a", count: 10_000))
                < 10_000
        )
        #expect(try client.isClosed())
    }

    @Test
    func `that stop in a later header are closed`() throws {
        let world = try TestServer { $0.headerDeadline = .milliseconds(500) }
        let client = try world.greeted(
            by: "PUT /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nhi"
        )
        try client.send("GET /now HT")
        #expect(try client.isClosed())
    }

    @Test
    func `that trickle a body are closed`() async throws {
        let world = try TestServer {
            $0.bodyRateMin = 1_000
            $0.bodyRateWindow = .milliseconds(500)
        }
        let client = try world.client()
        try client.send("PUT /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 10000\r\n\r\n")
        #expect(client.trickle(String(repeating: "a", count: 10_000)) < 10_000)
        await world.handler.ended.wait()
        #expect(world.handler.bodyError.withLock { $0 } == .tooSlow)
        #expect(await world.handler.finishedRequests(1).map(\.status) == [408])
    }

    /// Bytes that come, but are no body: a size, an extension, a trailer without end.
    @Test(arguments: ["", "000000000000001\r\n", "5;extension=", "0\r\nTrailer: "])
    func `that send chunks without a body are closed`(begin: String) async throws {
        let world = try TestServer {
            $0.bodyRateMin = 1_000
            $0.bodyRateWindow = .milliseconds(500)
        }
        let client = try world.client()
        try client.send("PUT /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n")
        try client.send(begin)
        #expect(client.trickle(String(repeating: "1", count: 10_000)) < 10_000)
        await world.handler.ended.wait()
        let error = world.handler.bodyError.withLock { $0 }
        #expect(error == .tooSlow || error == .disconnected)
        #expect(world.handler.taken.load(ordering: .relaxed) < 1_000)
    }

    @Test(arguments: ["5;extension=", "0\r\nTrailer: "])
    func `are not needed to end lines without end`(begin: String) async throws {
        let world = try TestServer { $0.bodyRateMin = 0 }
        let client = try world.client()
        try client.send("PUT /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n")
        try client.send(begin)
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: 4 << 20)
        #expect(client.sendWhatIsTaken(line) < line.count)
        #expect(try !client.receiveAll().contains(" 200 "))
    }

    @Test
    func `are not those whom the handler holds back`() async throws {
        let world = try TestServer {
            $0.bodyRateMin = 1_000_000
            $0.bodyRateWindow = .seconds(1)
        }
        let client = try world.client()
        try client.send("PUT /hold HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello")
        #expect(!client.isClosedWithin(milliseconds: 3_000))
        world.handler.gate.open()
        #expect(try client.answer().body == Array("hello".utf8))
    }

    /// The refused one's body is dropped to keep the connection; what is awaited then is the server's answer.
    @Test
    func `are not those who wait for an answer after a request whose body was not read`()
        async throws
    {
        let world = try TestServer {
            $0.bodyRateMin = 1_000_000
            $0.bodyRateWindow = .seconds(1)
        }
        let client = try world.client()
        try client.send("PUT /refuse HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello")
        #expect(try client.answer().status == 404)
        try client.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        await world.handler.entered.wait()
        #expect(!client.isClosedWithin(milliseconds: 3_000))
        world.handler.gate.open()
        #expect(try client.answer().body == Array("waited\n".utf8))
    }

    @Test
    func `that read an answer byte by byte are closed`() async throws {
        let world = try TestServer {
            $0.answerRateMin = 50_000_000
            $0.answerRateWindow = .milliseconds(500)
        }
        let file = try TestFile(size: 64 << 20, offset: 0)
        world.handler.files.withLock { $0["/file"] = file }
        let client = try world.client()
        try client.send("GET /file HTTP/1.1\r\nHost: here\r\n\r\n")
        while world.handler.finished.withLock(\.isEmpty) { _ = try client.receive(atMost: 1) }
        let finished = await world.handler.finishedRequests(1)
        #expect(finished.map(\.status) == [200])
        #expect(finished.allSatisfy { $0.sent < 64 << 20 })
    }

    @Test
    func `are not those who read all there is, however little that is`() async throws {
        let world = try TestServer {
            $0.answerRateMin = 10_000_000
            $0.answerRateWindow = .milliseconds(300)
        }
        let client = try world.client()
        try client.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        await world.handler.entered.wait()
        #expect(!client.isClosedWithin(milliseconds: 1_200))
        world.handler.gate.open()
        #expect(try client.answer().body == Array("waited\n".utf8))
    }

    @Test
    func `that are idle are bounded, the longest idle closed first`() async throws {
        let world = try TestServer { $0.idleConnectionsMax = 2 }
        var clients: [RawClient] = []
        for number in 1...4 { clients.append(try await world.idleClient(number)) }
        #expect(try clients[0].isClosed())
        #expect(try clients[1].isClosed())
        for client in clients[2...] {
            try client.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
            #expect(try client.answer().status == 200)
        }
    }

    @Test
    func `that are idle are 2,048 by default`() async throws {
        let bound = Server.Options(address: .tcp(host: "127.0.0.1", port: 0)).idleConnectionsMax
        #expect(bound == 2_048)
        try #require(OpenFileLimit.raise() > 6_000, "raise `ulimit -Hn`")
        let world = try TestServer()
        var clients: [RawClient] = []
        for number in 1...(bound + 20) { clients.append(try await world.idleClient(number)) }
        for client in clients.prefix(20) { #expect(try client.isClosed()) }
        for client in clients.dropFirst(20) { #expect(!client.isClosedWithin(milliseconds: 0)) }
    }

    @Test
    func `make room for new ones when there are as many as there may be`() async throws {
        let world = try TestServer { $0.connectionsMax = 2 }
        let busy = try world.client()
        try busy.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        await world.handler.entered.wait()
        let idle = try world.client()
        try idle.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(try idle.answer().status == 200)
        // The client may have its answer before the server knows that it has.
        _ = await world.handler.finishedRequests(1)
        let third = try world.client()
        try third.send("GET /hold HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\n\r\n")
        #expect(try idle.isClosed())
        await world.handler.entered.wait()
        // Now all are busy.
        #expect(try world.client().answer().status == 503)
        world.handler.gate.open()
        #expect(try busy.answer().status == 200)
    }
}

extension TestServer {
    private static let greetingsMax = 10

    /// A client whose first request was answered.
    ///
    /// Where the machine stood still between its connecting and its request, it was late, and another one tries.
    fileprivate func greeted(by request: String) throws -> RawClient {
        for _ in 0..<TestServer.greetingsMax {
            let client = try client()
            do {
                try client.send(request)
                let answer = try client.answer()
                #expect(answer.status == 200)
                return client
            } catch let trouble as RawClient.Trouble {
                // The next one, unless this was neither answered nor closed.
                guard !trouble.sentence.hasPrefix("receive") else { throw trouble }
            }
        }
        throw RawClient.Trouble(sentence: "never answered in time")
    }

    /// A client that was answered and asks for nothing more, as the `number`th request of all.
    fileprivate func idleClient(_ number: Int) async throws -> RawClient {
        let client = try client()
        try client.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(try client.answer().status == 200)
        // The client may have its answer before the server knows that it has.
        _ = await handler.finishedRequests(number)
        return client
    }
}

extension RawClient {
    /// Sends a byte about every 10 ms until the server closes; returns how many.
    func trickle(_ text: String) -> Int {
        var sent = 0
        for byte in text.utf8 {
            guard (try? send([byte])) != nil else { return sent }
            sent += 1
            if isClosedWithin(milliseconds: 10) { return sent }
        }
        return sent
    }

    /// Whether the server closes, or sends anything, in this time.
    func isClosedWithin(milliseconds: Int32) -> Bool {
        var waits = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&waits, 1, milliseconds) > 0
    }

    /// Sends without waiting long, until nothing is taken any more; returns how much was.
    func sendWhatIsTaken(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            var waits = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
            guard poll(&waits, 1, 1_000) > 0 else { return sent }
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    socket,
                    buffer.baseAddress?.advanced(by: sent),
                    min(buffer.count - sent, 65_536),
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
                )
            }
            if count < 0, errno != EAGAIN { return sent }
            sent += max(0, count)
        }
        return sent
    }
}
