// SPDX-License-Identifier: Apache-2.0

import CCurl
public import HTTP
import Platform
import Synchronization

/// Sends requests through libcurl, over TCP or a Unix socket, plain or TLS, on connections it keeps.
///
/// A call blocks the thread it runs on until the answer is there; call it where that is allowed.
/// Redirects are not followed and nothing is sent twice: what a retry means is the caller's business.
public final class Client: Transport, Sendable {
    /// Where and how requests are sent.
    public struct Options: Sendable {
        /// What stands before the path: `http://127.0.0.1:5000`.
        public var base: String
        /// The Unix socket to connect to, whatever the base says.
        public var unixSocket: String?
        /// A PEM file of certificate authorities to trust instead of the system's.
        public var authorities: String?
        /// How long a connection may take to be made.
        ///
        /// Default 5 s.
        public var connectTimeout: Duration
        /// How long a whole exchange may take; nil for as long as bytes come.
        ///
        /// Default nil.
        public var deadline: Duration?
        /// Idle connections kept.
        ///
        /// Default 8.
        public var idleMax: Int

        /// Makes options for a base.
        public init(base: String) {
            self.base = base
            unixSocket = nil
            authorities = nil
            connectTimeout = .seconds(5)
            deadline = nil
            idleMax = 8
        }

        /// Makes options for a Unix socket.
        public init(unixSocket: String) {
            self.init(base: "http://localhost")
            self.unixSocket = unixSocket
        }
    }

    private let options: Options
    private let idle = Mutex<[Transfer]>([])

    /// Makes a client; connections are made by requests.
    public init(_ options: Options) {
        _ = Client.library
        self.options = options
    }

    /// Sends a request with a body in memory and takes an answer of at most `limit` bytes.
    public func send(
        _ head: RequestHead,
        body: [UInt8],
        limit: Int
    ) async throws(TransportError) -> ReceivedResponse {
        var received: [UInt8] = []
        var sent = 0
        var isTooLarge = false
        let answer = try exchange(
            head,
            bodyCount: body.isEmpty ? nil : UInt64(body.count),
            produce: { most in
                let next = body[sent..<min(body.count, sent + most)]
                sent += next.count
                return Array(next)
            },
            consume: { _, bytes in
                guard received.count + bytes.count <= limit else {
                    isTooLarge = true
                    return false
                }
                received += bytes
                return true
            },
            isTooLarge: { isTooLarge }
        )
        return ReceivedResponse(status: answer.status, headers: answer.headers, body: received)
    }

    /// The status and header fields of an answer whose body went elsewhere.
    public struct Answer: Sendable {
        /// The status code.
        public var status: Int
        /// Header fields.
        public var headers: Headers
    }

    /// Sends a request whose body is produced, and hands the answer's body to `consume`, piece by
    /// piece.
    ///
    /// `produce` is asked for at most so many bytes until it gives none; it is not asked when
    /// `bodyCount` is nil. `consume` gets the status and bytes, and ends the exchange by returning
    /// false.
    public func exchange(
        _ head: RequestHead,
        bodyCount: UInt64?,
        produce: (Int) -> [UInt8],
        consume: (Int, [UInt8]) -> Bool
    ) throws(TransportError) -> Answer {
        try exchange(
            head,
            bodyCount: bodyCount,
            produce: produce,
            consume: consume,
            isTooLarge: { false }
        )
    }

    private func exchange(
        _ head: RequestHead,
        bodyCount: UInt64?,
        produce: (Int) -> [UInt8],
        consume: (Int, [UInt8]) -> Bool,
        isTooLarge: () -> Bool
    ) throws(TransportError) -> Answer {
        let transfer = idle.withLock { $0.popLast() } ?? Transfer()
        transfer.prepare(head, options, bodyCount: bodyCount)
        let code = transfer.run(produce: produce, consume: consume)
        guard code == CURLE_OK else {
            guard !isTooLarge() else { throw .tooLarge }
            throw Client.error(code)
        }
        let answer = transfer.answer
        idle.withLock { idle in
            if idle.count < options.idleMax { idle.append(transfer) }
        }
        return answer
    }

    private static func error(_ code: CURLcode) -> TransportError {
        let sentence = unsafe String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_SSL_CONNECT_ERROR,
            CURLE_PEER_FAILED_VERIFICATION:
            return .unreachable(sentence)
        case CURLE_OPERATION_TIMEDOUT: return .timedOut
        default: return .interrupted(sentence)
        }
    }

    /// Made ready once for the process, before any thread uses it.
    private static let library: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
