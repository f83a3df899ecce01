// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import HTTPServer
import Platform
import Testing

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `Connections without a request` {
    /// What a TLS client says first, with other random bytes each time.
    private static func hello() -> [UInt8] {
        let body = LinuxRandom().bytes(240) + LinuxRandom().bytes(240)
        return [22, 3, 1, 1, 228, 1, 0, 1, 224, 3, 3] + body
    }

    @Test
    func `TLS on a plain port is answered in plain HTTP, whatever its random bytes`() async throws {
        let world = try TestServer()
        for _ in 0..<40 {
            let client = try world.client()
            try client.send(Self.hello())
            let text = try client.receiveAll()
            #expect(text.hasPrefix("HTTP/1.1 400 "), "\(text.prefix(300))")
        }
        let finished = await world.handler.finishedRequests(40)
        #expect(finished.allSatisfy { $0.status == 400 && $0.requestID.utf8.count == 15 })
    }

    @Test
    func `the first record of TLS is waited for, byte by byte, and cut off with its client`() throws
    {
        let certificate = Server.Certificate(
            chain: Array(TestCertificates.chainA.utf8),
            key: Array(TestCertificates.keyA.utf8)
        )
        let world = try TestServer { $0.certificate = certificate }
        let whole = try world.client()
        let hello = Self.hello()
        for byte in hello.dropLast() {
            try whole.send([byte])
            #expect(!whole.isClosedWithin(milliseconds: 0))
        }
        try whole.send(hello.suffix(1))
        // It is no hello that GnuTLS takes.
        #expect(try whole.isClosed())
        for count in [1, 4, 5, 6, 300] {
            let part = try world.client()
            try part.send(Array(hello[..<count]))
            part.endSending()
            #expect(try part.isClosed())
        }
        #expect(try world.https(trusting: TestCertificates.authorityA).get("/now").status == 200)
    }

    @Test
    func `a client that comes and goes leaves nothing behind`() throws {
        let world = try TestServer()
        for _ in 0..<100 { try world.client().endSending() }
        let last = try world.client()
        try last.send("GET /now HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        #expect(try last.receiveAll().hasPrefix("HTTP/1.1 200 "))
        // All that came before it have been looked at before it.
        #expect(world.server.connectionCount <= 1)
    }
}
