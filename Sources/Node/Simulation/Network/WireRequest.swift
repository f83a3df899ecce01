// SPDX-License-Identifier: Apache-2.0

public import HTTP

/// A request as a client sends it.
public struct WireRequest: Sendable {
    /// The method.
    public var method: String
    /// Path and query, as they stand in the request line.
    public var target: String
    /// Header fields besides those of the body.
    public var headers: Headers
    /// The body; nil for none.
    public var body: [UInt8]?

    /// Makes a request.
    public init(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) {
        self.method = method
        self.target = target
        self.headers = Headers(headers)
        self.body = body
    }

    /// `PUT /v2/a/manifests/t`, with long hexadecimal numbers and signed state cut short.
    public var line: String {
        var line = Array("\(method) ".utf8)
        var run = 0
        for byte in target.utf8 {
            run = WireRequest.isOfWord(byte) ? run + 1 : 0
            if run <= WireRequest.wordMax { line.append(byte) }
            if run == WireRequest.wordMax + 1 { line += Array("…".utf8) }
        }
        return String(decoding: line, as: UTF8.self)
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Characters of a word that a line shows.
    private static let wordMax = 16

    /// The head a server parses from it.
    func head(requestID: String) -> RequestHead {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var headers = headers
        if headers["Host"] == nil { headers.append("Host", "registry.example") }
        if let body { headers.append("Content-Length", "\(body.count)") }
        return RequestHead(
            method: method,
            path: String(parts[0]),
            query: parts.count == 2 ? String(parts[1]) : nil,
            headers: headers,
            requestID: requestID,
            peer: "192.0.2.1:50000"
        )
    }
}

/// What a client sees of its request's fate.
public enum Reply: Sendable, Equatable {
    /// A whole answer.
    case answer(ReceivedResponse)
    /// No connection could be made: the request had no effect.
    case unreachable
    /// The connection ended without a whole answer: the request may have had its effect.
    case lost
}
