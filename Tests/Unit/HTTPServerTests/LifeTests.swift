// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import HTTP
import HTTPClient
import HTTPServer
import Platform
import Synchronization
import Testing

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `A server's life` {
    @Test
    func `a request in flight is answered while the server stops`() async throws {
        let world = try TestServer()
        let port = world.server.port
        let client = try world.client()
        try client.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        let idle = try world.client()
        try idle.send("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        _ = try idle.answer()
        await world.handler.entered.wait()
        let server = world.server
        let stopping = Thread { server.stop(grace: TestServer.ample) }
        // A connection without a request is closed at once; then nobody can connect any more.
        #expect(try idle.isClosed())
        #expect(throws: RawClient.Trouble.self) { _ = try RawClient(port: port) }
        world.handler.gate.open()
        let answer = try client.answer()
        #expect(answer.status == 200)
        #expect(answer.headers["Connection"] == "close")
        stopping.join()
        #expect(try client.isClosed())
    }

    /// Stops a server between the two parts of an answer, while another request is still being worked on; what
    /// its client, who sent `requests`, got before and after that.
    private func stopped(
        amid requests: String...
    ) async throws -> (before: String, after: String) {
        let world = try TestServer()
        func asking(_ paths: [String]) throws -> RawClient {
            let client = try world.client()
            try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: here\r\n\r\n" }.joined())
            return client
        }
        let waiting = try asking(["/wait"])
        await world.handler.entered.wait()
        let client = try asking(requests)
        var before = ""
        while !before.hasSuffix("one\r\n") {
            let bytes = try client.receive()
            try #require(!bytes.isEmpty)
            before += String(decoding: bytes, as: UTF8.self)
        }
        let idle = try asking(["/now"])
        _ = try idle.answer()
        let server = world.server
        let stopping = Thread { server.stop(grace: TestServer.ample) }
        // Now it stops.
        #expect(try idle.isClosed())
        world.handler.second.open()
        let after = try client.receiveAll()
        world.handler.gate.open()
        #expect(try waiting.answer().status == 200)
        stopping.join()
        return (before, after)
    }

    @Test
    func `an answer that began before the server stopped ends, and then its connection`()
        async throws
    {
        let (before, after) = try await stopped(amid: "/two-parts")
        #expect(!before.lowercased().contains("connection: close"))
        #expect(after == "3\r\ntwo\r\n0\r\n\r\n")
    }

    @Test
    func `a request behind an answer that began before the server stopped is answered`()
        async throws
    {
        let (_, after) = try await stopped(amid: "/two-parts", "/now")
        #expect(after.contains("Connection: close\r\n") && after.hasSuffix("now\n"))
    }

    @Test
    func `what does not end in its time is broken off`() async throws {
        let world = try TestServer()
        let waiting = try world.client()
        try waiting.send("GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        await world.handler.entered.wait()
        let sending = try world.client()
        try sending.send("PUT /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nabc")
        await world.handler.entered.wait()
        let streaming = try world.client()
        try streaming.send("GET /endless HTTP/1.1\r\nHost: here\r\n\r\n")
        _ = try streaming.receive()
        await world.handler.entered.wait()
        world.server.stop(grace: .milliseconds(100))
        #expect(world.server.connectionCount == 0)
        #expect(try waiting.isClosed())
        let finished = await world.handler.finishedRequests(3)
        #expect(finished.count == 3)
        // The handler's task goes on without its client.
        world.handler.gate.open()
    }

    @Test
    func `stopping twice, or without having started, is nothing`() throws {
        let world = try TestServer()
        world.server.stop(grace: .zero)
        world.server.stop(grace: .zero)
        let options = Server.Options(address: .tcp(host: "127.0.0.1", port: 0))
        let pool = BlockingPool(threadsMax: 1)
        try Server(options, handler: TestHandler(), pool: pool).stop(grace: .zero)
    }

    @Test
    func `a port that is taken is told`() throws {
        let world = try TestServer()
        let options = Server.Options(address: .tcp(host: "127.0.0.1", port: world.server.port))
        let second = try Server(options, handler: TestHandler(), pool: BlockingPool(threadsMax: 1))
        #expect(throws: ServerError.self) { try second.start() }
    }

    @Test
    func `a Unix socket is its owner's, survives a killed server, and has one server`() async throws
    {
        let path = "/tmp/breakwater-http-\(Identifier(from: LinuxRandom())).sock"
        defer { unlink(path) }
        // What a killed server leaves: a name nobody listens behind.
        let left = try TestServer.unix(path)
        #expect(rename(path, path + ".left") == 0)
        left.server.stop(grace: .zero)
        #expect(rename(path + ".left", path) == 0)
        let world = try TestServer.unix(path)
        var facts = stat()
        #expect(stat(path, &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o600)
        let client = Client(Client.Options(unixSocket: path))
        let answer = try await client.send(
            RequestHead(method: "GET", path: "/head"),
            body: [],
            limit: 999
        )
        #expect(String(decoding: answer.body, as: UTF8.self).contains("\nunix\n"))
        #expect(throws: ServerError.self) { _ = try TestServer.unix(path) }
        world.server.stop(grace: .zero)
        #expect(stat(path, &facts) != 0)
    }

    @Test
    func `thousands of short connections leave nothing behind`() async throws {
        let world = try TestServer()
        for _ in 0..<1_000 {
            let text = try world.exchange(
                "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
            #expect(text.hasSuffix("now\n"))
        }
        _ = await world.handler.finishedRequests(1_000)
        world.server.stop(grace: .seconds(5))
        #expect(world.server.connectionCount == 0)
    }
}

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `TLS` {
    func certificate(_ chain: String, _ key: String) -> Server.Certificate {
        Server.Certificate(chain: Array(chain.utf8), key: Array(key.utf8))
    }

    var first: Server.Certificate { certificate(TestCertificates.chainA, TestCertificates.keyA) }
    var second: Server.Certificate { certificate(TestCertificates.chainB, TestCertificates.keyB) }

    @Test
    func `carries everything that plain connections carry`() async throws {
        let world = try TestServer { $0.certificate = first }
        let client = try world.https(trusting: TestCertificates.authorityA)
        let file = try TestFile(size: 3_000_000, offset: 7)
        world.handler.files.withLock { $0["/file"] = file }
        for _ in 0..<2 {
            #expect(try client.get("/now").body == Array("now\n".utf8))
            #expect(try client.get("/file").body == TestFile.bytes(7..<3_000_000))
            #expect(try client.get("/letters").body.count == 100_000)
            let body = TestFile.bytes(0..<2_000_000)
            #expect(
                try await client.send(
                    .init(method: "PUT", path: "/echo"),
                    body: body,
                    limit: 1 << 22
                ).body == body
            )
            #expect(try client.get("/head").status == 200)
        }
        #expect(client.connectionsMade == 1)
        #expect(world.handler.seen.withLock { $0.allSatisfy(\.isTLS) })
    }

    @Test
    func `what memory can answer is whole and in its place, and so is a connection's last answer`()
        async throws
    {
        let world = try TestServer { $0.certificate = first }
        let client = try world.https(trusting: TestCertificates.authorityA)
        world.handler.gate.open()
        for round in 1...3 {
            #expect(try client.get("/now").body == Array("now\n".utf8))
            #expect(try client.get("/now").body == Array("now\n".utf8))
            #expect(try client.get("/none").status == 204)
            #expect(try client.get("/wait").body == Array("waited\n".utf8))
            #expect(try client.get("/letters").body.count == 100_000)
            let last = RequestHead(
                method: "GET",
                path: "/now",
                headers: Headers([("Connection", "close")])
            )
            #expect(
                try await client.send(last, body: [], limit: 100).body == Array("now\n".utf8)
            )
            #expect(client.connectionsMade == round)
        }
    }

    @Test
    func `answers leave at once, and do not wait in the kernel for more`() throws {
        let world = try TestServer { $0.certificate = first }
        let client = try world.https(trusting: TestCertificates.authorityA)
        #expect(try client.get("/now").status == 200)
        var took: [Duration] = []
        for _ in 0..<20 {
            let began = ContinuousClock.now
            #expect(try client.get("/now").body == Array("now\n".utf8))
            took.append(ContinuousClock.now - began)
        }
        #expect(client.connectionsMade == 1)
        // A kernel that holds a packet back does so for 200 ms; a machine that stands still does so now and then.
        took.sort()
        #expect(took[took.count / 2] < .milliseconds(150), "\(took)")
    }

    @Test
    func `an answer that comes before the end of the body arrives`() async throws {
        let world = try TestServer { $0.certificate = first }
        let client = try world.https(trusting: TestCertificates.authorityA)
        let body = [UInt8](repeating: 1, count: 30_000_000)
        let answer = try await client.send(
            .init(method: "PUT", path: "/first-chunk"),
            body: body,
            limit: 100
        )
        #expect(answer.status == 507)
        #expect(answer.body == Array("full\n".utf8))
    }

    @Test
    func `a certificate is exchanged without a restart`() throws {
        let world = try TestServer { $0.certificate = first }
        let old = try world.https(trusting: TestCertificates.authorityA)
        let new = try world.https(trusting: TestCertificates.authorityB)
        #expect(try old.get("/now").status == 200)
        #expect(throws: TransportError.self) { try new.get("/now") }
        try world.server.reloadCertificate(second)
        #expect(try new.get("/now").status == 200)
        // A connection that is there goes on; a new one is shown the new certificate.
        #expect(try old.get("/now").status == 200)
        let late = try world.https(trusting: TestCertificates.authorityA)
        #expect(throws: TransportError.self) { try late.get("/now") }
    }

    @Test
    func `a certificate that cannot be used is refused, and the old one stays`() throws {
        let world = try TestServer { $0.certificate = first }
        let mixed = certificate(TestCertificates.chainB, TestCertificates.keyA)
        #expect(throws: ServerError.certificate("the key does not belong to the certificate")) {
            try world.server.reloadCertificate(mixed)
        }
        #expect(throws: ServerError.self) {
            try world.server.reloadCertificate(certificate("", TestCertificates.keyA))
        }
        #expect(throws: ServerError.self) {
            try world.server.reloadCertificate(certificate(TestCertificates.chainA, "nonsense"))
        }
        #expect(try world.https(trusting: TestCertificates.authorityA).get("/now").status == 200)
    }

    @Test
    func `a client that never shakes hands is closed`() throws {
        let world = try TestServer {
            $0.certificate = first
            $0.headerDeadline = .milliseconds(300)
        }
        for part: [UInt8] in [[], [0x16], [0x16, 0x03, 0x01, 0x02, 0x00, 0x01]] {
            let client = try world.client()
            try client.send(part)
            #expect(try client.isClosed())
        }
    }

    @Test
    func `clients that stop in a handshake count as idle, the longest closed first`() throws {
        let world = try TestServer {
            $0.certificate = first
            $0.idleConnectionsMax = 2
        }
        let clients = try (0..<4).map { _ in
            let client = try world.client()
            // A whole record with the begin of a hello.
            try client.send([22, 3, 1, 0, 8, 1, 0, 1, 0, 3, 3, 0, 0])
            return client
        }
        #expect(try clients[0].isClosed())
        #expect(try clients[1].isClosed())
        #expect(!clients[2].isClosedWithin(milliseconds: 0))
        #expect(!clients[3].isClosedWithin(milliseconds: 0))
        #expect(try world.https(trusting: TestCertificates.authorityA).get("/now").status == 200)
    }

    @Test
    func `plain HTTP on a TLS port is told that TLS is spoken there`() async throws {
        let world = try TestServer { $0.certificate = first }
        let text = try world.exchange("GET /now HTTP/1.1\r\nHost: here\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.1 400 "))
        #expect(text.contains("speaks TLS"))
        #expect(world.handler.seen.withLock { $0.isEmpty })
        #expect(await world.handler.finishedRequests(1).map(\.status) == [400])
    }
}
