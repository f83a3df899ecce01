// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import HTTP
import HTTPClient
import HTTPServer
import Platform
import Synchronization
import Testing

/// A handler that tells what it was sent.
struct Mirror: Handler {
    func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        var bytes: [UInt8] = []
        do {
            while let chunk = try await body.next() { bytes += chunk }
        } catch {
            return Response(status: 400)
        }
        switch head.path {
        case "/slow":
            await Never.wait()
            return Response(status: 200)
        case "/bytes":
            let count = head.query.flatMap { Int($0) } ?? 0
            return Response(status: 200, body: .bytes([UInt8](repeating: 7, count: count)))
        case "/headers":
            let fields = head.headers.fields.map { "\($0.name): \($0.value)" }
            let text = ([head.method] + fields).joined(separator: "\n")
            return Response(
                status: 202,
                headers: Headers([("X-Two", "first"), ("X-Two", "second "), ("ETag", "\"a\"")]),
                body: .bytes(Array(text.utf8))
            )
        case "/moved":
            return Response(status: 307, headers: Headers([("Location", "/bytes?3")]))
        default: return Response(status: 200, body: .bytes(bytes))
        }
    }
}

extension Never {
    /// Waits until the task is cancelled.
    static func wait() async {
        let gate = Mutex<CheckedContinuation<Void, Never>?>(nil)
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                gate.withLock { $0 = waiter }
                if Task.isCancelled { gate.withLock { take(&$0) }?.resume() }
            }
        } onCancel: {
            gate.withLock { take(&$0) }?.resume()
        }
    }

    private static func take(
        _ waiter: inout CheckedContinuation<Void, Never>?
    ) -> CheckedContinuation<Void, Never>? {
        defer { waiter = nil }
        return waiter
    }
}

/// A server of one test, which lets its clients have all the time they want.
final class MirrorServer {
    /// What no test comes near.
    private static let ample = Duration.seconds(600)

    let server: Server
    private static let pool = BlockingPool(threadsMax: 16)

    init() throws {
        var options = Server.Options(address: .tcp(host: "127.0.0.1", port: 0))
        options.headerDeadline = MirrorServer.ample
        options.idleTimeout = MirrorServer.ample
        options.bodyRateWindow = MirrorServer.ample
        options.answerRateWindow = MirrorServer.ample
        server = try Server(options, handler: Mirror(), pool: MirrorServer.pool)
        try server.start()
    }

    deinit {
        server.stop(grace: .zero)
    }

    func client(_ change: (inout Client.Options) -> Void = { _ in }) -> Client {
        var options = Client.Options(base: "http://127.0.0.1:\(server.port)/")
        options.connectTimeout = MirrorServer.ample
        change(&options)
        return Client(options)
    }
}

@Suite(.ownThreads, .timeLimit(.minutes(10)))
struct `A client` {
    let world: MirrorServer

    init() throws {
        world = try MirrorServer()
    }

    func head(_ method: String, _ path: String, _ headers: [(String, String)] = []) -> RequestHead {
        RequestHead(method: method, path: path, headers: Headers(headers))
    }

    @Test(arguments: ["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"])
    func `sends any method, with the fields it was given`(method: String) async throws {
        let answer = try await world.client()
            .send(
                head(method, "/headers", [("X-A", "b"), ("X-Empty", "")]),
                body: [],
                limit: 9_999
            )
        #expect(answer.status == 202)
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        #expect(lines.first == method[...])
        #expect(lines.contains("X-A: b"))
        #expect(lines.contains("X-Empty: "))
        #expect(!lines.contains { $0.hasPrefix("Expect") || $0.hasPrefix("Accept") })
        #expect(lines.contains("Content-Length: 0") == ["PUT", "POST", "PATCH"].contains(method))
        #expect(answer.headers.values("x-two") == ["first", "second"])
        #expect(answer.headers["ETag"] == "\"a\"")
    }

    @Test
    func `uses one connection again and again`() async throws {
        let client = world.client()
        for number in 0..<20 {
            let body = [UInt8](repeating: UInt8(number), count: number * 1_000)
            #expect(try await client.send(head("PUT", "/"), body: body, limit: 99_999).body == body)
        }
        #expect(client.connectionsMade == 1)
    }

    @Test
    func `takes no more than it was told`() async throws {
        let client = world.client()
        let exact = try await client.send(
            RequestHead(method: "GET", path: "/bytes", query: "1000"),
            body: [],
            limit: 1_000
        )
        #expect(exact.body.count == 1_000)
        await #expect(throws: TransportError.tooLarge) {
            try await client.send(
                RequestHead(method: "GET", path: "/bytes", query: "1001"),
                body: [],
                limit: 1_000
            )
        }
    }

    @Test
    func `follows no redirection`() async throws {
        let answer = try await world.client().send(head("GET", "/moved"), body: [], limit: 10)
        #expect(answer.status == 307)
        #expect(answer.body.isEmpty)
    }

    @Test
    func `gives up at its deadline`() async throws {
        let client = world.client { $0.deadline = .milliseconds(200) }
        await #expect(throws: TransportError.timedOut) {
            try await client.send(head("GET", "/slow"), body: [], limit: 10)
        }
    }

    @Test
    func `tells that nobody is there`() async throws {
        let client = world.client()
        world.server.stop(grace: .zero)
        await #expect {
            try await client.send(head("GET", "/"), body: [], limit: 10)
        } throws: { error in
            guard case .unreachable(let sentence) = error as? TransportError else { return false }
            return !sentence.isEmpty
        }
    }

    @Test
    func `sends no line break in a field`() async throws {
        await #expect(throws: TransportError.self) {
            try await world.client()
                .send(head("GET", "/headers", [("X", "a\r\nY: b")]), body: [], limit: 999)
        }
    }

    @Test
    func `streams a body out and an answer in`() throws {
        let size = 5_000_000
        var sent = 0
        var received = 0
        let answer = try world.client()
            .exchange(
                head("PUT", "/"),
                bodyCount: UInt64(size),
                produce: { most in
                    let count = min(most, 100_000, size - sent)
                    sent += count
                    return [UInt8](repeating: 3, count: count)
                },
                consume: { status, bytes in
                    received += bytes.count
                    return status == 200
                }
            )
        #expect(answer.status == 200)
        #expect(sent == size)
        #expect(received == size)
    }

    @Test
    func `ends when the receiver takes no more, or the body cannot be made`() throws {
        struct Trouble: Error {}
        let client = world.client()
        #expect(throws: TransportError.self) {
            try client.download(RequestHead(method: "GET", path: "/bytes", query: "9999999")) {
                _,
                _ in
                false
            }
        }
        #expect(throws: TransportError.self) {
            try client.send(
                head("PUT", "/"),
                .produced(count: 10) { _ in throw Trouble() },
                limit: 10
            )
        }
        #expect(try client.send(head("GET", "/"), .none, limit: 10).status == 200)
    }

    @Test
    func `opens another connection when the kept one is closed`() async throws {
        let client = world.client()
        let body = [UInt8](repeating: 1, count: 100_000)
        #expect(try await client.send(head("PUT", "/"), body: body, limit: 1 << 20).body == body)
        let port = world.server.port
        world.server.stop(grace: .zero)
        var options = Server.Options(address: .tcp(host: "127.0.0.1", port: port))
        options.threads = 1
        let next = try Server(options, handler: Mirror(), pool: BlockingPool(threadsMax: 2))
        try next.start()
        defer { next.stop(grace: .zero) }
        #expect(try await client.send(head("PUT", "/"), body: body, limit: 1 << 20).body == body)
        #expect(client.connectionsMade == 2)
    }

    @Test
    func `is used from many tasks at once`() async throws {
        let client = world.client { $0.idleMax = 4 }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let body = [UInt8](repeating: UInt8(number), count: 10_000)
                    let answer = try await client.send(
                        RequestHead(method: "PUT", path: "/"),
                        body: body,
                        limit: 10_000
                    )
                    return answer.body == body
                }
            }
            for try await isSame in group { #expect(isSame) }
        }
    }
}
