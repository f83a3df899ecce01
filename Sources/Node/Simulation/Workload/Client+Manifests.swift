// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI

/// What a client demands of a tag before it is set.
enum TagCondition {
    case none
    /// `If-None-Match: *`.
    case absent
    /// `If-Match` with the digest the client believes it has.
    case unchanged(Digest)

    /// What it demands of the tag.
    var demand: Demand? {
        switch self {
        case .none: nil
        case .absent: .absent
        case .unchanged(let digest): .value(digest)
        }
    }
}

extension Client {
    /// Pushes a manifest with all it names, under tags or by digest alone.
    mutating func push(
        _ manifest: Content.Manifest,
        to repository: RepositoryName,
        tags: [Tag],
        condition: TagCondition = .none
    ) async -> Bool {
        for attempt in 0..<4 {
            guard await bring(manifest, to: repository) else { return false }
            switch await put(manifest, repository, tags, condition) {
            case .done: return true
            case .refused: return false
            case .missing: await wait(attempt: attempt)
            }
        }
        return false
    }

    /// Brings everything a manifest names, as far as the registry says it is not there.
    mutating func bring(
        _ manifest: Content.Manifest,
        to repository: RepositoryName
    ) async -> Bool {
        for digest in manifest.children {
            guard let child = content.manifest(digest) else { continue }
            guard await push(child, to: repository, tags: []) else { return false }
        }
        for digest in manifest.blobs {
            guard let blob = content.blob(digest) else { continue }
            if generator.chance(2, in: 3), await has(blob, repository) { continue }
            guard await upload(blob, to: repository) else { return false }
        }
        return true
    }

    /// Asks whether a blob is there, and so is promised that it stays for some time.
    func has(_ blob: Content.Blob, _ repository: RepositoryName) async -> Bool {
        let request = WireRequest("HEAD", "/v2/\(repository)/blobs/\(blob.digest)")
        guard let answered = await persistently(request) else { return false }
        return judgeBlob(request, blob, repository, answered)
    }

    /// What became of a manifest.
    enum PutResult { case done, refused, missing }

    /// Puts a manifest whose content was brought.
    mutating func put(
        _ manifest: Content.Manifest,
        _ repository: RepositoryName,
        _ tags: [Tag],
        _ condition: TagCondition
    ) async -> PutResult {
        let request = putRequest(manifest, repository, tags, condition)
        let effects =
            [Effect(.manifest(repository, manifest.digest), manifest.digest)]
            + tags.map {
                Effect(.tag(repository, $0), manifest.digest, demand: condition.demand)
            }
        findings.count("put manifest")
        guard let answered = await send(request, effects, to: repository, isWatched: tags.count > 1)
        else { return .refused }
        switch (answered.status, condition) {
        case (201, _):
            checkAcknowledged(manifest, request, answered)
            judgeCondition(condition, holds: true, manifest, repository, tags, answered, request)
            return .done
        case (412, .absent), (412, .unchanged):
            judgeCondition(condition, holds: false, manifest, repository, tags, answered, request)
            return .refused
        case (400, _) where answered.code == ErrorCode.manifestBlobUnknown.rawValue:
            judgeMissing(manifest, repository, answered, request)
            return .missing
        default:
            unexpected(request, answered)
            return .refused
        }
    }

    private mutating func putRequest(
        _ manifest: Content.Manifest,
        _ repository: RepositoryName,
        _ tags: [Tag],
        _ condition: TagCondition
    ) -> WireRequest {
        var headers = [("Content-Type", manifest.mediaType)]
        switch condition {
        case .none: break
        case .absent: headers.append(("If-None-Match", "*"))
        case .unchanged(let digest): headers.append(("If-Match", "\"\(digest)\""))
        }
        let base = "/v2/\(repository)/manifests/"
        let isByTag = tags.count == 1 && !generator.chance(1, in: 4) || isConditional(condition)
        let query = tags.map { "tag=\($0)" }.joined(separator: "&")
        let target =
            isByTag
            ? base + "\(tags[0])"
            : base + "\(manifest.digest)" + (tags.isEmpty ? "" : "?\(query)")
        return WireRequest("PUT", target, headers: headers, body: manifest.bytes)
    }

    private func isConditional(_ condition: TagCondition) -> Bool {
        if case .none = condition { return false }
        return true
    }

    private func checkAcknowledged(
        _ manifest: Content.Manifest,
        _ request: WireRequest,
        _ answered: Answered
    ) {
        let headers = answered.response.headers
        findings.require(
            headers["Docker-Content-Digest"] == "\(manifest.digest)",
            .answers,
            "\(request.line) was answered 201 without its digest"
        )
        if let subject = manifest.subject {
            findings.require(
                headers["OCI-Subject"] == "\(subject)",
                .answers,
                "\(request.line) was answered 201 without its subject"
            )
        }
    }

    /// A condition that held, or did not, must have been able to: a conditional PUT that finds its own
    /// digest there succeeds (it may be its own repetition).
    private func judgeCondition(
        _ condition: TagCondition,
        holds: Bool,
        _ manifest: Content.Manifest,
        _ repository: RepositoryName,
        _ tags: [Tag],
        _ answered: Answered,
        _ request: WireRequest
    ) {
        guard let tag = tags.first else { return }
        let expected: Digest?
        switch condition {
        case .none: return
        case .absent: expected = nil
        case .unchanged(let digest): expected = digest
        }
        let possible = ledger.possibleValues(.tag(repository, tag), foundBy: answered.ticket)
        let fits = { (value: Digest?) in value == expected || value == manifest.digest }
        let isExplained = possible.contains { fits($0) == holds }
        findings.require(
            isExplained,
            .readYourWrites,
            "\(request.line) was answered \(answered.status) although its tag could only be "
                + possible.map { $0.map { "\($0)" } ?? "absent" }.joined(separator: " or ")
        )
        findings.count(holds ? "condition held" : "condition failed")
    }

    /// A manifest refused for what it names: something of that must be able to be absent.
    private func judgeMissing(
        _ manifest: Content.Manifest,
        _ repository: RepositoryName,
        _ answered: Answered,
        _ request: WireRequest
    ) {
        let named =
            manifest.blobs.map { Subject.blob(repository, $0) }
            + manifest.children.map { Subject.manifest(repository, $0) }
        findings.require(
            named.contains {
                ledger.allows($0, nil, begunAt: answered.begun) || mayBeGone($0, answered)
            },
            .readYourWrites,
            "\(request.line) was refused although everything it names is there"
        )
        let text = String(decoding: answered.response.body, as: UTF8.self)
        for blob in manifest.blobs where text.contains("\"\(blob)\"") {
            requireUnpromised(blob, in: repository, answered, request.line)
        }
        findings.count("put refused for what it names")
    }
}
