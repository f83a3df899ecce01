// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI

/// Reads a repository as a client does and compares it with its ledger.
struct Audit: Sendable {
    let registry: Registry

    /// What is wrong with a repository; empty if its state is one of the right ones.
    struct Verdict: Sendable {
        var found: RepositoryState
        var complaints: [String]
    }

    /// Reads everything that was ever asked for in the repository.
    func verdict(on history: History) async throws -> Verdict {
        var complaints: [String] = []
        let found = try await read(history, &complaints)
        let candidates = history.candidates()
        if !candidates.contains(found), let first = candidates.first, let last = candidates.last {
            let lost = first.lacking(found).map { "lost: \($0)" }
            let extra = found.lacking(last).map { "not asked for: \($0)" }
            complaints += (lost + extra).map { "\(history.repository): \($0)" }
            if lost.isEmpty && extra.isEmpty {
                complaints.append("\(history.repository): half of a change is there")
            }
        }
        return Verdict(found: found, complaints: complaints)
    }

    private func read(
        _ history: History,
        _ complaints: inout [String]
    ) async throws -> RepositoryState {
        let repository = "/v2/\(history.repository)"
        let everything = history.everything
        var found = RepositoryState()
        if let namespace = history.retainedNamespace {
            found.keptBuilds = try await registry.keptBuilds(in: namespace)
        }
        for digest in everything.blobs.sorted()
        where try await has("\(repository)/blobs/\(digest)", digest, &complaints) {
            found.blobs.insert(digest)
        }
        for digest in everything.names.keys.sorted()
        where try await has("\(repository)/manifests/\(digest)", digest, &complaints) {
            found.manifests.insert(digest)
        }
        for tag in everything.tags.sorted() {
            let answer = try await registry.send("HEAD", "\(repository)/manifests/\(tag)")
            if answer.status == 200 {
                found.tags[tag] = answer.headers["Docker-Content-Digest"].flatMap { Digest($0) }
            } else if answer.status != 404 {
                complaints.append("\(history.repository): tag \(tag): \(answer.status)")
            }
        }
        try await compareListing(history.repository, found, &complaints)
        try await compareCatalog(history.repository, found, &complaints)
        try await compareReferrers(history.repository, found, everything.names, &complaints)
        return found
    }

    /// Whether content is there; what is served must hash to its digest.
    private func has(
        _ path: String,
        _ digest: Digest,
        _ complaints: inout [String]
    ) async throws -> Bool {
        let answer = try await registry.send("GET", path)
        if answer.status == 404 { return false }
        if answer.status != 200 || Digest.of(answer.body, digest.algorithm) != digest {
            let count = answer.body.count
            complaints.append("\(path): status \(answer.status), \(count) bytes that are not it")
        }
        return true
    }

    /// The list of tags says what the tags themselves say.
    private func compareListing(
        _ repository: String,
        _ found: RepositoryState,
        _ complaints: inout [String]
    ) async throws {
        let answer = try await registry.send("GET", "/v2/\(repository)/tags/list")
        let text = String(decoding: answer.body, as: UTF8.self)
        let wanted = found.tags.keys.sorted().map { "\"\($0)\"" }.joined(separator: ",")
        let isEmpty = found.tags.isEmpty && (answer.status == 404 || text.contains("\"tags\":[]"))
        if !isEmpty && !text.contains("\"tags\":[\(wanted)]") {
            complaints.append("\(repository): the tags are \(wanted), the list is \(text)")
        }
    }

    /// The catalog lists the repositories that have a manifest.
    private func compareCatalog(
        _ repository: String,
        _ found: RepositoryState,
        _ complaints: inout [String]
    ) async throws {
        // The page that begins just before the repository.
        let before = "\(repository.dropLast())"
        let answer = try await registry.send("GET", "/v2/_catalog", query: "last=\(before)")
        let text = String(decoding: answer.body, as: UTF8.self)
        if text.contains("\"\(repository)\"") != !found.manifests.isEmpty {
            let count = found.manifests.count
            complaints.append("\(repository): \(count) manifests, and the catalog is \(text)")
        }
    }

    /// The referrers of each subject are the manifests that name it.
    private func compareReferrers(
        _ repository: String,
        _ found: RepositoryState,
        _ names: [Digest: RepositoryState.Names],
        _ complaints: inout [String]
    ) async throws {
        for subject in Set(names.values.compactMap(\.subject)).sorted() {
            let answer = try await registry.send("GET", "/v2/\(repository)/referrers/\(subject)")
            let text = String(decoding: answer.body, as: UTF8.self)
            let wanted = found.referrers(of: subject, names)
            let listed = text.split(separator: "\"digest\":\"").dropFirst().compactMap { part in
                Digest(part.prefix { $0 != "\"" })
            }
            if Set(listed) != Set(wanted) || listed.count != wanted.count {
                complaints.append("\(repository): referrers of \(subject): \(text)")
            }
        }
    }
}
