// SPDX-License-Identifier: Apache-2.0

/// What answers requests, without knowing of sockets.
///
/// The same handler serves the real server, tests that call it directly, and the simulator.
public protocol Handler: Sendable {
    /// Answers at once what memory can answer, or returns nil to be asked by `answer`.
    ///
    /// Called on the transport's own thread, before the body is read, for requests without a body:
    /// it must not block, wait, or read a file.
    func answerNow(_ head: RequestHead) -> Response?
    /// Answers, and may wait and read files.
    func answer(_ head: RequestHead, body: any RequestBody) async -> Response
    /// Told when the answer has been sent, or could not be: for the log and the metrics.
    ///
    /// `bytesSent` counts the body alone. Called once for each request, whoever answered.
    func finished(
        _ head: RequestHead,
        status: Int,
        bytesReceived: UInt64,
        bytesSent: UInt64,
        duration: Duration,
        logFields: [(String, String)]
    )
}

extension Handler {
    /// Nothing can be answered at once.
    public func answerNow(_ head: RequestHead) -> Response? { nil }
    /// Nobody is told.
    public func finished(
        _ head: RequestHead,
        status: Int,
        bytesReceived: UInt64,
        bytesSent: UInt64,
        duration: Duration,
        logFields: [(String, String)]
    ) {}
}

/// What carries a request to a handler and brings back its answer.
public protocol Transport: Sendable {
    /// Sends a request and returns the answer with its body read into memory, of at most `limit` bytes.
    func send(
        _ head: RequestHead,
        body: [UInt8],
        limit: Int
    ) async throws(TransportError)
        -> ReceivedResponse
}

/// An answer whose body is in memory.
public struct ReceivedResponse: Sendable, Equatable {
    /// The status code.
    public var status: Int
    /// Header fields.
    public var headers: Headers
    /// The body.
    public var body: [UInt8]

    /// Makes an answer.
    public init(status: Int, headers: Headers, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why a request got no answer.
public enum TransportError: Error, Equatable, Sendable {
    /// No connection could be made; the sentence is the library's.
    case unreachable(String)
    /// The connection ended before the answer did: the outcome is unknown.
    case interrupted(String)
    /// The answer is longer than the caller takes.
    case tooLarge
    /// The deadline passed: the outcome is unknown.
    case timedOut
}
