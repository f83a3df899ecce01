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
    private static let commandTime = Duration.seconds(300)

    private let client: Client
    /// The management interface.
    private let control: Client

    /// The server at `base`, whose management interface is the socket in its data directory.
    init(base: String, data: String) {
        var options = Client.Options(base: base)
        options.idleMax = 32
        options.deadline = .seconds(30)
        client = Client(options)
        var own = Client.Options(unixSocket: "\(data)/control.sock")
        own.deadline = Registry.commandTime
        control = Client(own)
    }

    /// Lets the sweep do rounds until everything that nothing names had its time; what is left then.
    ///
    /// Nil when nothing is, else what the plan says.
    func leftAfterSweeps() async throws -> String? {
        var plan = ""
        for _ in 0..<Registry.sweepsMax {
            // One may be under way by itself.
            _ = try await manage("POST", "sweep/run")
            let answer = try await manage("GET", "sweep/plan", query: "limit=20")
            plan = String(decoding: answer.body, as: UTF8.self)
            if plan.contains("\"count\":0,"), plan.contains("\"laterCount\":0}") { return nil }
        }
        return plan
    }

    private static let sweepsMax = 100

    private func manage(
        _ method: String,
        _ path: String,
        query: String? = nil,
        body: [UInt8] = []
    ) async throws(TransportError) -> ReceivedResponse {
        if Interruption.isRequested { throw .interrupted("a signal asked for the end") }
        let head = RequestHead(
            method: method,
            path: "/control/v1/\(path)",
            query: query,
            headers: Headers()
        )
        return try await control.send(head, body: body, limit: Registry.answerBytesMax)
    }

    /// Asks for something of the trash: `restore` or `purge`.
    func trash(
        _ verb: String,
        _ digest: Digest,
        in repository: String
    ) async throws(TransportError) -> ReceivedResponse {
        let name = verb == "restore" ? "reference" : "digest"
        return try await manage(
            "POST",
            "trash/\(verb)",
            query: "repository=\(repository)&\(name)=\(digest)"
        )
    }

    /// Sets the policy that so many of the newest builds stay, or takes it away.
    func setPolicy(
        keeping count: Int?,
        in namespace: String
    ) async throws(TransportError) -> ReceivedResponse {
        let tags = "\(RepositoryState.buildPrefix)*"
        let rule = count.map { #"{"name":"builds","tags":["\#(tags)"],"keepNewest":\#($0)}"# }
        let policy = #"{"rules":[\#(rule ?? "")]}"#
        let query = "namespace=\(namespace)"
        return try await manage("PUT", "retention", query: query, body: Array(policy.utf8))
    }

    /// How many builds the policy of a namespace keeps, as the server says; nil without a policy.
    func keptBuilds(in namespace: String) async throws(TransportError) -> Int? {
        let text = String(decoding: try await manage("GET", "retention").body, as: UTF8.self)
        let parts = text.split(separator: "\"namespace\":\"\(namespace)\",\"policy\":\"")
        guard parts.count == 2 else { return nil }
        let number = parts[1].split(separator: "\"keepNewest\\\":", maxSplits: 1).dropFirst().first
        return number.flatMap { Int($0.prefix { $0.isNumber }) }
    }

    /// Puts into the trash what the policy of a namespace lets go.
    func runRetention(in namespace: String) async throws(TransportError) -> ReceivedResponse {
        try await manage("POST", "retention/run", query: "namespace=\(namespace)")
    }

    /// Lets the scrub do a whole round; what it says when anything was wrong, else nil.
    func damageFoundByScrub() async throws(TransportError) -> String? {
        let answer = try await manage("POST", "scrub/run")
        let text = String(decoding: answer.body, as: UTF8.self)
        return answer.status == 200 && text.contains("\"isSound\":true") ? nil : text
    }

    /// What the scrub knows to be lost or damaged, over restarts too; nil when there is nothing.
    func damageKnownToScrub() async throws(TransportError) -> String? {
        let text = String(decoding: try await manage("GET", "scrub").body, as: UTF8.self)
        let isSound = text.contains("\"losses\":[]") && text.contains("\"damagedEntries\":[]")
        return isSound ? nil : text
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
