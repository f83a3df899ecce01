// SPDX-License-Identifier: Apache-2.0

import CCurl
public import HTTP
import Synchronization

/// Sends requests through libcurl, over TCP or a Unix socket, plain or TLS, on connections it keeps.
///
/// A call blocks the thread it runs on until the answer is there; call it where that is allowed.
/// Redirects are not followed, nothing is decoded, and nothing is sent twice, except that libcurl
/// opens another connection when a kept one turns out to be closed: what a retry means is the
/// caller's business.
public final class Client: Transport {
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
        /// Whether a body waits for the server's word that it is wanted (`Expect: 100-continue`).
        ///
        /// Default false.
        public var waitsToSend: Bool
        /// Idle connections kept.
        ///
        /// Default 8.
        public var idleMax: Int

        /// Makes options for a base.
        public init(base: String) {
            self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
            unixSocket = nil
            authorities = nil
            connectTimeout = .seconds(5)
            deadline = nil
            waitsToSend = false
            idleMax = 8
        }

        /// Makes options for a Unix socket.
        public init(unixSocket: String) {
            self.init(base: "http://localhost")
            self.unixSocket = unixSocket
        }
    }

    /// The most bytes of an answer's header that are taken.
    static let headerBytesMax = 65_536

    private let options: Options
    private let idle = Mutex<[Handle]>([])
    private let made = Atomic(0)

    /// Makes a client; connections are made by requests.
    public init(_ options: Options) {
        precondition(Client.isLibraryReady, "libcurl does not start")
        self.options = options
    }

    /// How many connections were made so far.
    public var connectionsMade: Int { made.load(ordering: .relaxed) }

    /// Sends a request with a body in memory and takes an answer of at most `limit` bytes.
    public func send(
        _ head: RequestHead,
        body: [UInt8],
        limit: Int
    ) async throws(TransportError) -> ReceivedResponse {
        let hasBody = !body.isEmpty || ["PUT", "POST", "PATCH"].contains(head.method)
        return try send(head, hasBody ? .bytes(body) : .none, limit: limit)
    }

    /// Sends a request with any body and takes an answer of at most `limit` bytes.
    public func send(
        _ head: RequestHead,
        _ upload: Upload,
        limit: Int
    ) throws(TransportError) -> ReceivedResponse {
        let transfer = Transfer(upload.source, .memory(limit: limit))
        let answer = try perform(head, transfer)
        return ReceivedResponse(
            status: answer.status,
            headers: answer.headers,
            body: transfer.received
        )
    }

    /// The status and header fields of an answer whose body went elsewhere.
    public struct Answer: Sendable {
        /// The status code.
        public var status: Int
        /// Header fields.
        public var headers: Headers
    }

    /// Sends a request and hands the answer's status and body to `take`, portion by portion.
    ///
    /// `take` ends the exchange by returning false; the bytes are there only while it runs.
    public func download(
        _ head: RequestHead,
        _ upload: Upload = .none,
        take: (Int, Span<UInt8>) -> Bool
    ) throws(TransportError) -> Answer {
        try withoutActuallyEscaping(take) { take throws(TransportError) in
            let transfer = Transfer(upload.source, .portions(take))
            defer { transfer.forget() }
            return try perform(head, transfer)
        }
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
        try withoutActuallyEscaping(produce) { produce throws(TransportError) in
            try withoutActuallyEscaping(consume) { consume throws(TransportError) in
                let source = bodyCount.map { Transfer.Source.produced(count: $0, produce) }
                let transfer = Transfer(
                    source ?? .none,
                    .portions { status, bytes in
                        consume(
                            status,
                            Array(unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) })
                        )
                    }
                )
                defer { transfer.forget() }
                return try perform(head, transfer)
            }
        }
    }

    private func perform(
        _ head: RequestHead,
        _ transfer: Transfer
    ) throws(TransportError) -> Answer {
        let handle = idle.withLock { $0.popLast() } ?? Handle()
        defer { made.wrappingAdd(handle.connects, ordering: .relaxed) }
        // After an error the handle goes, and its connection with it.
        try handle.prepare(head, options, transfer)
        let answer = try handle.run(transfer)
        idle.withLock { idle in
            if idle.count < options.idleMax { idle.append(handle) }
        }
        return answer
    }

    /// Made ready once for the process, before any thread uses it.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

/// What is sent after a request's header.
public enum Upload: Sendable {
    /// No body.
    case none
    /// Bytes in memory.
    case bytes([UInt8])
    /// A part of a file.
    case file(any FileRegion)
    /// So many bytes made while they are sent; nil for as many as come, in chunks.
    ///
    /// The producer is asked for at most so many, and gives none after the last ones; it throws to
    /// break the request off.
    case produced(count: UInt64?, @Sendable (Int) throws -> [UInt8])

    var source: Transfer.Source {
        switch self {
        case .none: .none
        case .bytes(let bytes): .bytes(bytes)
        case .file(let region): .file(region)
        case .produced(let count, let produce): .produced(count: count, produce)
        }
    }
}
