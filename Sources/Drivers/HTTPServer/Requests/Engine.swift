// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import HTTP
import Platform
import Synchronization

/// What all requests of a server share.
final class Engine: Sendable {
    let options: Server.Options
    let handler: any Handler
    let pool: BlockingPool
    let certificates: Certificates?
    /// Where TLS connections wait for their clients; nil for plain HTTP.
    let handshakes: Handshakes?
    let connections = ConnectionTable()
    let identities: RequestIdentities
    /// Connections that have sent nothing yet, and that the table does not have.
    let lobbyCount = Atomic(0)
    /// Requests whose line was read and whose end was not told yet.
    let open = Atomic(0)
    /// Whether answers tell their clients to go elsewhere.
    let isStopping = Atomic(false)
    /// Whether nothing may wait any more.
    private let isHalted = Atomic(false)
    /// The requests that may be suspended, each with a task.
    private let working = Mutex<[ObjectIdentifier: Exchange]>([:])
    /// Rung when the last open request ended while stopping.
    let drained = Bell()

    init(
        _ options: Server.Options,
        _ handler: any Handler,
        _ pool: BlockingPool,
        _ certificates: Certificates?
    ) {
        self.options = options
        self.certificates = certificates
        handshakes = certificates.map { _ in Handshakes() }
        self.handler = handler
        self.pool = pool
        identities = RequestIdentities(LinuxRandom())
    }

    /// Whether the library may not suspend a connection any more.
    var mustNotWait: Bool { isHalted.load(ordering: .acquiring) }

    /// How many connections there are.
    var connectionCount: Int { connections.count + lobbyCount.load(ordering: .relaxed) }

    /// How many requests are being worked on.
    var workingCount: Int { working.withLock { $0.count } }

    /// Takes a request to be worked on in a task; false when there are too many.
    func admit(_ exchange: Exchange) -> Bool {
        working.withLock { working in
            guard working.count < options.requestsMax, !mustNotWait else { return false }
            working[ObjectIdentifier(exchange)] = exchange
            return true
        }
    }

    /// The task of a request ended.
    func release(_ exchange: Exchange) {
        working.withLock { $0[ObjectIdentifier(exchange)] = nil }
        ringIfDrained()
    }

    func ringIfDrained() {
        if isStopping.load(ordering: .acquiring) { drained.ring() }
    }

    /// Lets bodies fail and streams end, so that tasks come to an answer.
    func interrupt() {
        for exchange in snapshot() { exchange.interrupt() }
    }

    /// Ends streams that wait for something to send to a client that went away.
    func endAbandonedStreams() {
        for exchange in snapshot() { exchange.endIfAbandoned() }
    }

    /// From now on nothing is suspended, and what is goes on.
    func halt() {
        isHalted.store(true, ordering: .releasing)
        for exchange in snapshot() { exchange.halt() }
    }

    private func snapshot() -> [Exchange] {
        working.withLock { Array($0.values) }
    }

    /// The body, media type and `Retry-After` of what the server itself refuses.
    func refusal(_ status: Int, _ sentence: String) -> Response {
        let refusal = options.refusal(status, sentence)
        var response = Response(
            status: status,
            headers: Headers([("Content-Type", refusal.mediaType)]),
            body: .bytes(refusal.body)
        )
        if status == 503 { response.headers.append("Retry-After", "1") }
        return response
    }
}

/// Names requests: seven random characters for the process, seven that count.
///
/// Fifteen bytes, which a `String` holds without an allocation.
final class RequestIdentities: Sendable {
    private let prefix: UInt64
    private let counter = Atomic<UInt64>(0)

    init(_ random: some RandomSource) {
        prefix = random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The next name.
    func next() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).oldValue
        return unsafe String(unsafeUninitializedCapacity: 15) { text in
            for index in 0..<7 {
                unsafe text[6 - index] = RequestIdentities.digit(prefix >> (5 * UInt64(index)))
                unsafe text[14 - index] = RequestIdentities.digit(number >> (5 * UInt64(index)))
            }
            unsafe text[7] = UInt8(ascii: "-")
            return 15
        }
    }

    /// One of 32 characters that no two of which look alike.
    private static func digit(_ bits: UInt64) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 31)
        return value < 8 ? UInt8(ascii: "2") + value : UInt8(ascii: "a") + value - 8
    }
}
