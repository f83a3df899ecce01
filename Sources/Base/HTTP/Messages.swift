// SPDX-License-Identifier: Apache-2.0

/// What is known of a request before its body.
public struct RequestHead: Sendable {
    /// The method as it was written: `GET`, `PATCH`, …; methods are case-sensitive.
    public var method: String
    /// The path as it was sent, percent-encoded, without the query; begins with `/`.
    public var path: String
    /// The query as it was sent, without `?`; nil when there was none.
    public var query: String?
    /// Header fields.
    public var headers: Headers
    /// The id this request has in logs and in the `X-Request-Id` header of the answer.
    public var requestID: String
    /// The peer, for the log: `127.0.0.1:4711`, or `unix`.
    public var peer: String
    /// Whether the connection itself is TLS.
    public var isTLS: Bool

    /// Makes a head.
    public init(
        method: String,
        path: String,
        query: String? = nil,
        headers: Headers = Headers(),
        requestID: String = "",
        peer: String = "",
        isTLS: Bool = false
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.requestID = requestID
        self.peer = peer
        self.isTLS = isTLS
    }
}

/// A request body, read once from front to back.
///
/// The transport holds the client back until the next chunk is asked for.
public protocol RequestBody: Sendable {
    /// Returns the next bytes (never empty), or nil after the last.
    func next() async throws(BodyError) -> [UInt8]?
}

/// Why a request body ended early.
public enum BodyError: Error, Equatable, Sendable {
    /// The client went away, or sent less than it declared.
    case disconnected
    /// The client sent more slowly than the configured rate.
    case tooSlow
    /// The server is stopping.
    case shuttingDown
}

/// A body that is already in memory.
public final class BufferedBody: RequestBody, Sendable {
    private let bytes: [UInt8]
    private let chunkSize: Int
    private let position = Cell()

    /// Makes a body that hands out `bytes` in chunks of at most `chunkSize`.
    public init(_ bytes: [UInt8], chunkSize: Int = 65_536) {
        self.bytes = bytes
        self.chunkSize = chunkSize
    }

    /// The next chunk.
    public func next() async throws(BodyError) -> [UInt8]? {
        position.take(upTo: chunkSize, of: bytes.count).map { Array(bytes[$0]) }
    }
}

/// An answer.
public struct Response: Sendable {
    /// The body of an answer.
    public enum Body: Sendable {
        /// No bytes at all.
        case none
        /// Bytes in memory; shared, not copied, by the transport.
        case bytes([UInt8])
        /// A part of a file, sent by `sendfile` where the transport can.
        case file(any FileRegion)
        /// Bytes made while they are sent; chunked.
        case stream(any ResponseStream)
    }

    /// The status code.
    public var status: Int
    /// Header fields; the transport adds `Content-Length`, `Date`, `Connection`.
    public var headers: Headers
    /// The body; for an answer to HEAD, what GET would send: the transport sends only its length.
    public var body: Body
    /// Whether the transport closes the connection after this answer.
    public var closesConnection = false
    /// What the log line of this request says besides method, path and status.
    public var logFields: [(String, String)] = []

    /// Makes an answer.
    public init(status: Int, headers: Headers = Headers(), body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A part of a file that can be sent or read.
public protocol FileRegion: AnyObject, Sendable {
    /// The kernel's descriptor, owned by the region while it lives; nil in the simulator.
    var descriptor: Int32? { get }
    /// Where the part begins.
    var offset: UInt64 { get }
    /// How long it is.
    var count: UInt64 { get }
    /// Reads up to `limit` bytes at `position` (relative to the part); for transports without
    /// `sendfile`. Throws what the file system says; the transport then cuts the connection.
    func read(at position: UInt64, limit: Int) throws -> [UInt8]
}

/// Bytes made while they are sent.
public protocol ResponseStream: AnyObject, Sendable {
    /// The next bytes (never empty), or nil after the last; may wait. The transport cancels the
    /// task when the client goes away.
    func next() async -> [UInt8]?
}
