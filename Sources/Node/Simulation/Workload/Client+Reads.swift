// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI

extension Client {
    /// Reads a tag; returns the manifest it found.
    @discardableResult
    func pull(
        _ tag: Tag,
        in repository: RepositoryName,
        byHead: Bool = false
    ) async
        -> Content.Manifest?
    {
        let request = WireRequest(
            byHead ? "HEAD" : "GET",
            "/v2/\(repository)/manifests/\(tag)"
        )
        let moment = access.momentOfPull
        guard let answered = await persistently(request) else { return nil }
        findings.count("pull by tag")
        let subject = Subject.tag(repository, tag)
        guard answered.status == 200 else {
            if answered.status != 404 { unexpected(request, answered) }
            judge(subject, shows: nil, answered, request.line)
            note(.shows(tag, nil), of: repository, answered, request)
            return nil
        }
        let digest = answered.response.headers["Docker-Content-Digest"].flatMap { Digest($0) }
        judge(subject, shows: digest, answered, request.line)
        note(.shows(tag, digest), of: repository, answered, request)
        guard let digest, let manifest = content.manifest(digest) else { return nil }
        access.pulls.note(digest, of: repository, since: moment)
        if !byHead { checkBytes(request, answered, manifest.bytes, digest) }
        return manifest
    }

    /// Reads a manifest by digest.
    @discardableResult
    func pull(_ manifest: Content.Manifest, in repository: RepositoryName) async -> Bool {
        let request = WireRequest("GET", "/v2/\(repository)/manifests/\(manifest.digest)")
        let moment = access.momentOfPull
        guard let answered = await persistently(request) else { return false }
        findings.count("pull by digest")
        let subject = Subject.manifest(repository, manifest.digest)
        guard answered.status == 200 else {
            if answered.status != 404 { unexpected(request, answered) }
            judge(subject, shows: nil, answered, request.line)
            note(.has(manifest.digest, false), of: repository, answered, request)
            return false
        }
        judge(subject, shows: manifest.digest, answered, request.line)
        note(.has(manifest.digest, true), of: repository, answered, request)
        access.pulls.note(manifest.digest, of: repository, since: moment)
        checkBytes(request, answered, manifest.bytes, manifest.digest)
        return true
    }

    /// Reads a blob, whole.
    @discardableResult
    func pull(_ blob: Content.Blob, in repository: RepositoryName) async -> Bool {
        let request = WireRequest("GET", "/v2/\(repository)/blobs/\(blob.digest)")
        let mayRot = mayBeSentWrong(blob)
        guard let answered = await persistently(request) else { return false }
        findings.count("pull blob")
        let isThere = judgeBlob(request, blob, repository, answered)
        // It may have been damaged while the client tried again and again.
        if isThere, mayRot || mayBeSentWrong(blob), answered.response.body != blob.bytes {
            findings.count("wrong bytes of a large blob before anyone could know")
        } else if isThere {
            checkBytes(request, answered, blob.bytes, blob.digest)
        }
        return isThere
    }

    /// Whether a blob is sent as it lies on the disk and may be damaged there, which nobody knows yet.
    private func mayBeSentWrong(_ blob: Content.Blob) -> Bool {
        guard let rot, blob.bytes.count > SimulatedNode.cachedBlobMax else { return false }
        return rot.isSuspect(blob.digest) && !rot.isKnown(blob.digest)
    }

    /// Reads a part of a blob.
    mutating func pullPart(_ blob: Content.Blob, in repository: RepositoryName) async {
        guard !blob.bytes.isEmpty else { return }
        let start = generator.below(blob.bytes.count)
        let end = generator.within(start...(blob.bytes.count - 1))
        let request = WireRequest(
            "GET",
            "/v2/\(repository)/blobs/\(blob.digest)",
            headers: [("Range", "bytes=\(start)-\(end)")]
        )
        let mayRot = mayBeSentWrong(blob)
        guard let answered = await persistently(request) else { return }
        findings.count("pull part of a blob")
        guard answered.status == 206 else {
            if answered.status != 404 { unexpected(request, answered) }
            judge(.blob(repository, blob.digest), shows: nil, answered, request.line)
            requireUnpromised(blob.digest, in: repository, answered, request.line)
            return
        }
        judge(.blob(repository, blob.digest), shows: blob.digest, answered, request.line)
        findings.require(
            answered.response.body == Array(blob.bytes[start...end])
                || mayRot || mayBeSentWrong(blob),
            .exactBytes,
            "\(request.line) for bytes \(start)-\(end) brought other bytes"
        )
    }

    /// Judges an answer to GET or HEAD of a blob; says whether the blob is there.
    func judgeBlob(
        _ request: WireRequest,
        _ blob: Content.Blob,
        _ repository: RepositoryName,
        _ answered: Answered
    ) -> Bool {
        let subject = Subject.blob(repository, blob.digest)
        switch answered.status {
        case 200:
            judge(subject, shows: blob.digest, answered, request.line)
            if request.method == "HEAD" { noteTold([subject], answered) }
        case 404:
            judge(subject, shows: nil, answered, request.line)
            // HEAD says so of what is there and cannot be promised any more.
            if request.method != "HEAD" {
                requireUnpromised(blob.digest, in: repository, answered, request.line)
            }
        default: unexpected(request, answered)
        }
        return answered.status == 200
    }

    /// Checks the tag list of a repository, page by page.
    mutating func listTags(_ repository: RepositoryName) async {
        let size = generator.within(1...5)
        var last = ""
        while true {
            let query = "?n=\(size)" + (last.isEmpty ? "" : "&last=\(last)")
            let request = WireRequest("GET", "/v2/\(repository)/tags/list\(query)")
            guard let answered = await persistently(request) else { return }
            findings.count("list tags")
            guard answered.status == 200 else {
                if answered.status != 404 { unexpected(request, answered) }
                let none = TagPage(after: last, limit: size, [], hasMore: false)
                note(.lists(none), of: repository, answered, request)
                return judgeNoTags(request, repository, answered)
            }
            let text = String(decoding: answered.response.body, as: UTF8.self)
            let listed = content.tags.sorted().filter { text.contains("\"\($0)\"") }
            let isLast = answered.response.headers["Link"] == nil
            let page = TagPage(after: last, limit: size, listed, hasMore: !isLast)
            note(.lists(page), of: repository, answered, request)
            let end = isLast ? nil : listed.last
            for tag in content.tags where last.utf8.lexicographicallyPrecedes("\(tag)".utf8) {
                if let end, end < tag { continue }
                judgeListed(tag, listed.contains(tag), repository, answered, request)
            }
            guard let end else { return }
            last = "\(end)"
        }
    }

    private func judgeNoTags(
        _ request: WireRequest,
        _ repository: RepositoryName,
        _ answered: Answered
    ) {
        for tag in content.tags {
            judge(.tag(repository, tag), shows: nil, answered, request.line)
        }
    }

    private func judgeListed(
        _ tag: Tag,
        _ isListed: Bool,
        _ repository: RepositoryName,
        _ answered: Answered,
        _ request: WireRequest
    ) {
        let subject = Subject.tag(repository, tag)
        guard isListed else { return judge(subject, shows: nil, answered, request.line) }
        let possible = ledger.possibleValues(subject, foundBy: answered.ticket)
        findings.require(
            possible.contains { $0 != nil },
            .readYourWrites,
            "\(request.line) lists \(tag), which cannot be there"
        )
    }

    /// Checks which manifests are said to be about `subject`.
    mutating func listReferrers(
        of subject: Content.Manifest,
        in repository: RepositoryName
    ) async {
        let referrers = content.manifests.filter { $0.subject == subject.digest }
        let filter = generator.chance(1, in: 2) ? referrers.first?.artifactType : nil
        let request = WireRequest(
            "GET",
            "/v2/\(repository)/referrers/\(subject.digest)"
                + (filter.map { "?artifactType=\($0)" } ?? "")
        )
        guard let answered = await persistently(request) else { return }
        findings.count("list referrers")
        // A repository that was never named has nothing about anything.
        if ![200, 404].contains(answered.status) { unexpected(request, answered) }
        let text = String(decoding: answered.response.body, as: UTF8.self)
        for referrer in referrers where filter == nil || referrer.artifactType == filter {
            let isListed = text.contains("\"\(referrer.digest)\"")
            judge(
                .manifest(repository, referrer.digest),
                shows: isListed ? referrer.digest : nil,
                answered,
                request.line
            )
        }
        for other in content.manifests where other.subject != subject.digest {
            findings.require(
                !text.contains("\"\(other.digest)\""),
                .answers,
                "\(request.line) lists \(other.digest), which is not about it"
            )
        }
    }

    /// Checks the list of repositories: one is there while it has a manifest.
    func listRepositories() async {
        let request = WireRequest("GET", "/v2/_catalog")
        guard let answered = await persistently(request) else { return }
        findings.count("list repositories")
        guard answered.status == 200 else { return unexpected(request, answered) }
        let text = String(decoding: answered.response.body, as: UTF8.self)
        for repository in content.repositories {
            let isListed = text.contains("\"\(repository)\"")
            let subjects = content.manifests.map { Subject.manifest(repository, $0.digest) }
            let fits = subjects.map { subject in
                ledger.possibleValues(subject, foundBy: answered.ticket)
            }
            // Listed: some manifest may be there. Not listed: each may be absent.
            findings.require(
                isListed
                    ? fits.contains { $0.contains { $0 != nil } }
                    : fits.allSatisfy { $0.contains(nil) },
                .readYourWrites,
                "\(request.line) \(isListed ? "lists" : "does not list") \(repository)"
            )
        }
    }

    private func checkBytes(
        _ request: WireRequest,
        _ answered: Answered,
        _ bytes: [UInt8],
        _ digest: Digest
    ) {
        findings.require(
            answered.response.body == bytes
                && Digest.of(answered.response.body, digest.algorithm) == digest,
            .exactBytes,
            "\(request.line) brought \(answered.response.body.count) bytes of another digest"
        )
    }
}
