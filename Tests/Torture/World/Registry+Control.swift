// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPClient
import JSON
import OCI

/// The management interface, as one who reads its documents knows it.
extension Registry {
    private static let sweepsMax = 100

    /// Lets the sweep do rounds until everything that nothing names had its time; what is left then.
    ///
    /// Nil when nothing is, else what the plan says.
    func leftAfterSweeps() async throws(TransportError) -> String? {
        var answer = ReceivedResponse(status: 0, headers: Headers(), body: [])
        for _ in 0..<Registry.sweepsMax {
            // One may be under way by itself.
            _ = try await manage("POST", "sweep/run")
            answer = try await manage("GET", "sweep/plan", query: "limit=20")
            let plan = Registry.document(of: answer)
            let counts = ["count", "laterCount", "unlisted"].map { plan?[$0]?.integer }
            if counts == [0, 0, 0] { return nil }
        }
        return Registry.text(of: answer)
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
    func keptBuilds(in namespace: String) async throws -> Int? {
        let answer = try await manage("GET", "retention")
        guard let policies = Registry.document(of: answer)?["policies"]?.array else {
            throw Failure("no policies: status \(answer.status), \(Registry.text(of: answer))")
        }
        let policy = policies.first { $0["namespace"]?.string == namespace }
        guard let text = policy?["policy"]?.string else { return nil }
        let rules = try JSONValue.parse(Array(text.utf8))["rules"]?.array
        return rules?.first?["keepNewest"]?.integer.map { Int($0) }
    }

    /// What a run of retention did: images that went to the trash, and those that stayed because they were
    /// changed meanwhile; nil when the answer is not about that.
    static func retentionRun(of answer: ReceivedResponse) -> (removed: Int64, changed: Int64)? {
        guard let run = document(of: answer), let removed = run["removed"]?.integer,
            let changed = run["changed"]?.integer
        else { return nil }
        return (removed, changed)
    }

    /// Puts into the trash what the policy of a namespace lets go.
    func runRetention(in namespace: String) async throws(TransportError) -> ReceivedResponse {
        try await manage("POST", "retention/run", query: "namespace=\(namespace)")
    }

    /// Lets the scrub do a whole round; what it says when anything was wrong, else nil.
    func damageFoundByScrub() async throws(TransportError) -> String? {
        let answer = try await manage("POST", "scrub/run")
        let isSound = Registry.document(of: answer)?["isSound"] == .bool(true)
        return answer.status == 200 && isSound ? nil : Registry.text(of: answer)
    }

    /// What the scrub knows to be lost or damaged, over restarts too; nil when there is nothing.
    func damageKnownToScrub() async throws(TransportError) -> String? {
        let answer = try await manage("GET", "scrub")
        let known = Registry.document(of: answer)
        let isSound = known?["losses"] == .array([]) && known?["damagedEntries"] == .array([])
        return isSound ? nil : Registry.text(of: answer)
    }

    /// The document of an answer; nil when it is none, which whoever asked shows as it came.
    private static func document(of answer: ReceivedResponse) -> JSONValue? {
        do throws(JSONError) { return try JSONValue.parse(answer.body) } catch { return nil }
    }

    private static func text(of answer: ReceivedResponse) -> String {
        String(decoding: answer.body, as: UTF8.self)
    }

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
}
