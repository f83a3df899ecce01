// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import HTTPClient
import HTTPServer
import Platform
import Synchronization

/// A server of one test, on a port the kernel chose.
///
/// Its clients have all the time they want unless the test says otherwise: a machine that stands still for half a
/// minute is no slow client.
final class TestServer {
    /// What no test that says nothing of time comes near.
    static let ample = Duration.seconds(600)

    let server: Server
    let handler: TestHandler
    private static let pool = BlockingPool(threadsMax: 64)

    init(
        handler: TestHandler = TestHandler(),
        _ change: (inout Server.Options) -> Void = { _ in }
    ) throws {
        var options = Server.Options(address: .tcp(host: "127.0.0.1", port: 0))
        options.headerDeadline = TestServer.ample
        options.idleTimeout = TestServer.ample
        options.bodyRateWindow = TestServer.ample
        options.answerRateWindow = TestServer.ample
        options.lingerMax = TestServer.ample
        change(&options)
        self.handler = handler
        server = try Server(options, handler: handler, pool: TestServer.pool)
        try server.start()
    }

    private var authorities: [String] = []

    deinit {
        server.stop(grace: .zero)
        for path in authorities { unlink(path) }
    }

    func client() throws -> RawClient {
        try RawClient(port: server.port)
    }

    /// A server on a Unix socket.
    static func unix(_ path: String) throws -> TestServer {
        try TestServer { $0.address = .unix(path: path) }
    }

    /// A client through libcurl.
    func http() -> Client {
        var options = Client.Options(base: "http://127.0.0.1:\(server.port)")
        options.connectTimeout = TestServer.ample
        return Client(options)
    }

    /// A client over TLS that trusts one authority alone.
    func https(trusting authority: String) throws -> Client {
        let path = "/tmp/breakwater-http-\(Identifier(from: LinuxRandom())).pem"
        authorities.append(path)
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        let bytes = Array(authority.utf8)
        guard write(file, bytes, bytes.count) == bytes.count else {
            throw RawClient.Trouble(sentence: "write \(path)")
        }
        close(file)
        var options = Client.Options(base: "https://localhost:\(server.port)")
        options.authorities = path
        options.connectTimeout = TestServer.ample
        return Client(options)
    }

    /// Sends a request through libcurl.
    func send(_ method: String, _ path: String, body: [UInt8] = []) async throws -> ReceivedResponse
    {
        try await http().send(RequestHead(method: method, path: path), body: body, limit: 1 << 28)
    }

    /// Sends one request on a connection of its own and returns all that comes back.
    func exchange(_ request: String) throws -> String {
        let client = try client()
        try client.send(request)
        return try client.receiveAll()
    }
}

/// What a handler was told of one request.
struct Finished: Sendable, Equatable {
    var path: String
    var status: Int
    var received: UInt64
    var sent: UInt64
    var requestID: String
}

/// A handler with a route for each thing that a transport must do.
final class TestHandler: Handler {
    let seen = Mutex<[RequestHead]>([])
    let finished = Mutex<[Finished]>([])
    let files = Mutex<[String: any FileRegion]>([:])
    /// Requests to `/wait` answer when this is opened.
    let gate = Gate()
    /// Rung by requests that have begun to wait, to be echoed, or to be refused in the middle.
    let entered = Turnstile()
    /// Bytes of bodies that `/swallow` and others took.
    let taken = Atomic(0)
    let bodyError = Mutex<BodyError?>(nil)
    let ended = Gate()
    /// The second part of `/two-parts` comes when this is opened.
    let second = Gate()

    func answerNow(_ head: RequestHead) -> Response? {
        seen.withLock { $0.append(head) }
        switch head.path {
        case "/now": return Response(status: 200, body: .bytes(Array("now\n".utf8)))
        case "/head":
            let lines =
                [head.method, head.path, head.query ?? "-", head.peer, head.requestID]
                + head.headers.fields.map { "\($0.name): \($0.value)" }
            return Response(status: 200, body: .bytes(Array(lines.joined(separator: "\n").utf8)))
        case "/none": return Response(status: 204)
        case "/stream-now": return Response(status: 200, body: .stream(Letters(count: 3)))
        case "/broken":
            return Response(status: 200, headers: Headers([("X-Broken", "a\r\nb: c")]), body: .none)
        default:
            guard let file = files.withLock({ $0[head.path] }) else { return nil }
            return Response(status: 200, body: .file(file))
        }
    }

    func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        if head.method != "GET", head.method != "HEAD" {
            seen.withLock { $0.append(head) }
        }
        switch head.path {
        case "/wait":
            entered.pass()
            await gate.wait()
            return Response(status: 200, body: .bytes(Array("waited\n".utf8)))
        case "/echo":
            entered.pass()
            do { return Response(status: 200, body: .bytes(try await all(of: body))) } catch {
                bodyError.withLock { $0 = error as? BodyError }
                ended.open()
                return Response(status: 400)
            }
        case "/refuse": return Response(status: 404, body: .bytes(Array("no\n".utf8)))
        case "/first-chunk":
            let bytes = (try? await body.next()) ?? []
            taken.wrappingAdd(bytes.count, ordering: .relaxed)
            entered.pass()
            return Response(status: 507, body: .bytes(Array("full\n".utf8)))
        case "/first-then-hold":
            do {
                let first = try await body.next() ?? []
                await gate.wait()
                return Response(status: 200, body: .bytes(first + (try await all(of: body))))
            } catch {
                return Response(status: 400)
            }
        case "/hold":
            entered.pass()
            await gate.wait()
            do { return Response(status: 200, body: .bytes(try await all(of: body))) } catch {
                return Response(status: 400)
            }
        case "/letters": return Response(status: 200, body: .stream(Letters(count: 10_000)))
        case "/endless":
            entered.pass()
            return Response(status: 200, body: .stream(Letters(count: Int.max, ended: ended)))
        case "/two-parts": return Response(status: 200, body: .stream(TwoParts(second)))
        case "/waiting":
            return Response(status: 200, body: .stream(Waiting(ended)))
        default: return Response(status: 404)
        }
    }

    private func all(of body: any RequestBody) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await body.next() {
            taken.wrappingAdd(bytes.count, ordering: .relaxed)
            all += bytes
        }
        return all
    }

    func finished(
        _ head: RequestHead,
        status: Int,
        bytesReceived: UInt64,
        bytesSent: UInt64,
        duration: Duration,
        logFields: [(String, String)]
    ) {
        let told = Finished(
            path: head.path,
            status: status,
            received: bytesReceived,
            sent: bytesSent,
            requestID: head.requestID
        )
        finished.withLock { $0.append(told) }
        waiting.withLock { waiting in
            for waiter in waiting { waiter.resume() }
            waiting = []
        }
    }

    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

    /// Waits until `count` requests are finished.
    func finishedRequests(_ count: Int) async -> [Finished] {
        while true {
            await withCheckedContinuation { waiter in
                waiting.withLock { $0.append(waiter) }
                if finished.withLock({ $0.count }) >= count {
                    waiting.withLock { waiting in
                        for waiter in waiting { waiter.resume() }
                        waiting = []
                    }
                }
            }
            let all = finished.withLock { $0 }
            if all.count >= count { return all }
        }
    }
}

/// Something that is waited for, once.
///
/// No actor: those may run where tests block.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { waiter in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(waiter) }
                return state.isOpen
            }
            if isOpen { waiter.resume() }
        }
    }
}

/// A stream of chunks `a`, `b`, `c` ….
final class Letters: ResponseStream {
    private let left: Atomic<Int>
    private let ended: Gate?

    deinit {
        ended?.open()
    }

    init(count: Int, ended: Gate? = nil) {
        left = Atomic(count)
        self.ended = ended
    }

    func next() async -> [UInt8]? {
        let number = left.wrappingSubtract(1, ordering: .relaxed).oldValue
        guard number > 0 else { return nil }
        return [UInt8](repeating: UInt8(ascii: "a") + UInt8(number % 26), count: 10)
    }
}

/// A stream that has one chunk and then nothing until it is cancelled.
final class Waiting: ResponseStream {
    private let ended: Gate
    private let hasBegun = Atomic(false)
    private let gate = Gate()

    init(_ ended: Gate) {
        self.ended = ended
    }

    func next() async -> [UInt8]? {
        if !hasBegun.exchange(true, ordering: .relaxed) { return [1] }
        let gate = gate
        await withTaskCancellationHandler {
            await gate.wait()
        } onCancel: {
            gate.open()
        }
        ended.open()
        return nil
    }
}

/// A stream of `one`, and of `two` once a gate is open.
final class TwoParts: ResponseStream {
    private let second: Gate
    private let taken = Atomic(0)

    init(_ second: Gate) {
        self.second = second
    }

    func next() async -> [UInt8]? {
        switch taken.wrappingAdd(1, ordering: .relaxed).oldValue {
        case 0: return Array("one".utf8)
        case 1:
            await second.wait()
            return Array("two".utf8)
        default: return nil
        }
    }
}

/// Counts those who pass, and lets as many wait for that.
final class Turnstile: Sendable {
    private let state = Mutex((passed: 0, waiting: [CheckedContinuation<Void, Never>]()))

    func pass() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.passed += 1
            return nil
        }
        waiter?.resume()
    }

    /// Waits for one to pass who was not waited for before.
    func wait() async {
        await withCheckedContinuation { waiter in
            let isThere = state.withLock { state in
                guard state.passed > 0 else {
                    state.waiting.append(waiter)
                    return false
                }
                state.passed -= 1
                return true
            }
            if isThere { waiter.resume() }
        }
    }
}

extension Client {
    func get(_ path: String) throws(TransportError) -> ReceivedResponse {
        try send(RequestHead(method: "GET", path: path), .none, limit: 1 << 28)
    }
}
