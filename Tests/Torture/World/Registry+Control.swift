// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPClient
import OCI

#if canImport(FoundationEssentials)
import FoundationEssentials
#endif

/// The management interface, as one who reads its documents knows it.
extension Registry {
    private static let sweepsMax = 100

    /// Lets the sweep do rounds until everything that nothing names had its time; what is left then.
    ///
    /// Nil when nothing is, else what the plan says.
    func leftAfterSweeps() async throws(TransportError) -> String? {
        struct Plan: Decodable {
            var count: UInt64
            var laterCount: UInt64
            var unlisted: UInt64
        }
        var answer = ReceivedResponse(status: 0, headers: Headers(), body: [])
        for _ in 0..<Registry.sweepsMax {
            // One may be under way by itself.
            _ = try await manage("POST", "sweep/run")
            answer = try await manage("GET", "sweep/plan", query: "limit=20")
            guard let plan = Registry.read(Plan.self, from: answer) else { break }
            if plan.count == 0, plan.laterCount == 0, plan.unlisted == 0 { return nil }
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
        struct Policies: Decodable { var policies: [Policy] }
        struct Policy: Decodable {
            var namespace: String
            var policy: String
        }
        struct Rules: Decodable { var rules: [Rule] }
        struct Rule: Decodable { var keepNewest: Int }
        let answer = try await manage("GET", "retention")
        guard let told = Registry.read(Policies.self, from: answer) else {
            throw Failure("no policies: status \(answer.status), \(Registry.text(of: answer))")
        }
        guard let policy = told.policies.first(where: { $0.namespace == namespace }) else {
            return nil
        }
        let rules = try JSONDecoder().decode(Rules.self, from: Data(policy.policy.utf8)).rules
        return rules.first?.keepNewest
    }

    /// What a run of retention did.
    struct RetentionRun: Decodable {
        /// Images that went to the trash.
        var removed: Int
        /// Images that stayed, for they were changed meanwhile.
        var changed: Int
    }

    /// Puts into the trash what the policy of a namespace lets go.
    func runRetention(in namespace: String) async throws(TransportError) -> ReceivedResponse {
        try await manage("POST", "retention/run", query: "namespace=\(namespace)")
    }

    /// Lets the scrub do a whole round; what it says when anything was wrong, else nil.
    func damageFoundByScrub() async throws(TransportError) -> String? {
        struct Round: Decodable { var isSound: Bool }
        let answer = try await manage("POST", "scrub/run")
        let round = answer.status == 200 ? Registry.read(Round.self, from: answer) : nil
        return round?.isSound == true ? nil : Registry.text(of: answer)
    }

    /// What the scrub knows to be lost or damaged, over restarts too; nil when there is nothing.
    func damageKnownToScrub() async throws(TransportError) -> String? {
        struct Anything: Decodable {}
        struct Known: Decodable {
            var losses: [Anything]
            var damagedEntries: [Anything]
        }
        let answer = try await manage("GET", "scrub")
        if let known = Registry.read(Known.self, from: answer), known.losses.isEmpty,
            known.damagedEntries.isEmpty
        {
            return nil
        }
        return Registry.text(of: answer)
    }

    /// The document of an answer; nil when it is none, which whoever asked shows as it came.
    static func read<Value: Decodable>(_ type: Value.Type, from answer: ReceivedResponse) -> Value?
    {
        do { return try JSONDecoder().decode(type, from: Data(answer.body)) } catch { return nil }
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
