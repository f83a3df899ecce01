// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPClient
import OCI
import Platform

/// The distribution API as a client that knows nothing of the server's inside speaks it.
struct Registry: Sendable {
    /// The longest answer that is taken.
    static let answerBytesMax = 32 << 20

    private let client: Client

    init(base: String) {
        var options = Client.Options(base: base)
        options.idleMax = 32
        options.deadline = .seconds(30)
        client = Client(options)
    }

    /// Sends one request.
    func send(
        _ method: String,
        _ path: String,
        query: String? = nil,
        type: String? = nil,
        body: [UInt8] = []
    ) async throws(TransportError) -> ReceivedResponse {
        var headers = Headers()
        if let type { headers.append("Content-Type", type) }
        if method == "GET" || method == "HEAD" { headers.append("Accept", "*/*") }
        let head = RequestHead(method: method, path: path, query: query, headers: headers)
        return try await client.send(head, body: body, limit: Registry.answerBytesMax)
    }

    /// Uploads a blob in one or several requests; returns the last answer.
    func push(
        _ bytes: [UInt8],
        _ digest: Digest,
        to repository: String,
        chunks: Int
    ) async throws(TransportError) -> ReceivedResponse {
        let uploads = "/v2/\(repository)/blobs/uploads/"
        let octets = "application/octet-stream"
        if chunks == 0 {
            return try await send(
                "POST",
                uploads,
                query: "digest=\(digest)",
                type: octets,
                body: bytes
            )
        }
        var answer = try await send("POST", uploads)
        let size = bytes.count / chunks + 1
        var rest = bytes[...]
        while answer.status == 202, chunks > 1, !rest.isEmpty {
            let location = Registry.place(of: answer)
            answer = try await send(
                "PATCH",
                location.path,
                query: location.query,
                type: octets,
                body: Array(rest.prefix(size))
            )
            rest = rest.dropFirst(size)
        }
        guard answer.status == 202 else { return answer }
        let location = Registry.place(of: answer)
        let query = location.query.map { "\($0)&digest=\(digest)" } ?? "digest=\(digest)"
        return try await send(
            "PUT",
            location.path,
            query: query,
            type: octets,
            body: Array(rest)
        )
    }

    /// Path and query of a relative `Location`.
    private static func place(of answer: ReceivedResponse) -> (path: String, query: String?) {
        let location = answer.headers["Location"] ?? ""
        let parts = location.split(separator: "?", maxSplits: 1).map { String($0) }
        return (parts.first ?? "/", parts.count > 1 ? parts[1] : nil)
    }
}
