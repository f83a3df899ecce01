// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPClient
import OCI
import Platform

/// The distribution API as a client that knows nothing of the server's inside speaks it.
struct Registry: Sendable {
    /// The longest answer that is taken.
    static let answerBytesMax = 32 << 20
    /// A round of the scrub reads everything.
    private static let commandTime = Duration.seconds(900)
    /// No answer takes so long, not even where the machine stands still for a while.
    private static let answerTime = Duration.seconds(300)

    private let client: Client
    /// The management interface.
    let control: Client

    /// The server at `base`, whose management interface is the socket in its data directory.
    init(base: String, data: String) {
        var options = Client.Options(base: base)
        options.idleMax = 32
        options.deadline = Registry.answerTime
        options.connectTimeout = Registry.answerTime
        client = Client(options)
        var own = Client.Options(unixSocket: "\(data)/control.sock")
        own.deadline = Registry.commandTime
        own.connectTimeout = Registry.answerTime
        control = Client(own)
    }

    /// Where a `Location` leads.
    struct Place: Sendable {
        var path: String
        var query: String?

        /// Path and query of an answer's relative `Location`.
        init(of answer: ReceivedResponse) {
            let location = answer.headers["Location"] ?? ""
            let parts = location.split(separator: "?", maxSplits: 1).map { String($0) }
            path = parts.first ?? "/"
            query = parts.count > 1 ? parts[1] : nil
        }
    }

    /// Sends one request.
    func send(
        _ method: String,
        _ path: String,
        query: String? = nil,
        type: String? = nil,
        body: [UInt8] = []
    ) async throws(TransportError) -> ReceivedResponse {
        if Interruption.isRequested { throw .interrupted("a signal asked for the end") }
        var headers = Headers()
        if let type { headers.append("Content-Type", type) }
        if method == "GET" || method == "HEAD" { headers.append("Accept", "*/*") }
        let head = RequestHead(method: method, path: path, query: query, headers: headers)
        return try await client.send(head, body: body, limit: Registry.answerBytesMax)
    }
}

/// Uploads.
extension Registry {
    private static let octets = "application/octet-stream"

    /// How a blob is pushed.
    enum Way: Sendable {
        /// By one POST.
        case single
        /// By POST, so many PATCH and a PUT with the rest.
        case session(chunks: Int)
        /// From any repository that has it, if one has; else by POST and PUT.
        case mount
    }

    /// Uploads a blob and returns the last answer.
    func push(
        _ bytes: [UInt8],
        _ digest: Digest,
        to repository: String,
        _ way: Way
    ) async throws(TransportError) -> ReceivedResponse {
        var answer: ReceivedResponse
        var rest = bytes[...]
        switch way {
        case .single:
            let uploads = Registry.uploads(repository)
            let query = "digest=\(digest)"
            return try await send("POST", uploads, query: query, type: Registry.octets, body: bytes)
        case .mount:
            answer = try await send(
                "POST",
                Registry.uploads(repository),
                query: "mount=\(digest)"
            )
        case .session(let chunks):
            answer = try await open(in: repository)
            for _ in 0..<chunks where answer.status == 202 {
                let chunk = rest.prefix(bytes.count / (chunks + 1) + 1)
                answer = try await append(chunk, at: Place(of: answer))
                rest = rest.dropFirst(chunk.count)
            }
        }
        guard answer.status == 202 else { return answer }
        return try await close(with: rest, digest, at: Place(of: answer))
    }

    /// Opens an upload.
    func open(in repository: String) async throws(TransportError) -> ReceivedResponse {
        try await send("POST", Registry.uploads(repository))
    }

    /// Adds bytes to an upload.
    func append(
        _ bytes: ArraySlice<UInt8>,
        at place: Place
    ) async throws(TransportError) -> ReceivedResponse {
        try await send(
            "PATCH",
            place.path,
            query: place.query,
            type: Registry.octets,
            body: Array(bytes)
        )
    }

    /// Ends an upload with its last bytes.
    func close(
        with bytes: ArraySlice<UInt8>,
        _ digest: Digest,
        at place: Place
    ) async throws(TransportError) -> ReceivedResponse {
        try await send(
            "PUT",
            place.path,
            query: (place.query.map { "\($0)&" } ?? "") + "digest=\(digest)",
            type: Registry.octets,
            body: Array(bytes)
        )
    }

    private static func uploads(_ repository: String) -> String {
        "/v2/\(repository)/blobs/uploads/"
    }
}
