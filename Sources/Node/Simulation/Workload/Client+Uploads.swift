// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI

/// How a client brings a blob.
enum UploadForm: String, CaseIterable {
    case single, postPut, streamed, chunked, mounted
}

extension Client {
    /// Brings a blob until it is acknowledged, or gives up; by a drawn form, and mounted from a drawn
    /// repository, unless they are given.
    mutating func upload(
        _ blob: Content.Blob,
        to repository: RepositoryName,
        as given: UploadForm? = nil,
        from source: RepositoryName? = nil
    ) async -> Bool {
        let effect = [Effect(.blob(repository, blob.digest), blob.digest)]
        for attempt in 0..<Client.attemptsMax {
            let form = given ?? generator.pick(UploadForm.allCases)
            findings.count("upload \(form.rawValue)")
            let isDone =
                switch form {
                case .single: await single(blob, repository, effect)
                case .mounted: await mount(blob, repository, effect, from: source)
                case .postPut, .streamed, .chunked:
                    await session(blob, repository, effect, form)
                }
            if isDone { return true }
            await wait(attempt: attempt)
        }
        return false
    }

    /// Brings blobs that nobody will ever name, as a build does that is given up: they end by themselves,
    /// and the sweep frees them.
    mutating func giveUpBuild(in repository: RepositoryName) async {
        for _ in 0..<Client.blobsOfBuild {
            let bytes = generator.bytes(generator.within(16...Client.bytesOfBuild))
            let blob = Content.Blob(bytes: bytes, digest: .of(bytes))
            let effect = [Effect(.blob(repository, blob.digest), blob.digest)]
            if await single(blob, repository, effect) { findings.count("blob never named") }
        }
    }

    private static let blobsOfBuild = 2
    private static let bytesOfBuild = 600

    private func single(
        _ blob: Content.Blob,
        _ repository: RepositoryName,
        _ effect: [Effect]
    ) async -> Bool {
        let request = WireRequest(
            "POST",
            "/v2/\(repository)/blobs/uploads/?digest=\(blob.digest)",
            headers: [("Content-Type", "application/octet-stream")],
            body: blob.bytes
        )
        guard let answered = await once(request, effect) else { return false }
        if answered.status == 201 {
            noteTold(effect.map(\.subject), answered)
            return true
        }
        unexpected(request, answered)
        return false
    }

    private mutating func mount(
        _ blob: Content.Blob,
        _ repository: RepositoryName,
        _ effect: [Effect],
        from given: RepositoryName?
    ) async -> Bool {
        let drawn = generator.pick(content.repositories)
        let isNamed = generator.chance(2, in: 3) || given != nil
        let source = given ?? drawn
        let request = WireRequest(
            "POST",
            "/v2/\(repository)/blobs/uploads/?mount=\(blob.digest)"
                + (isNamed ? "&from=\(source)" : "")
        )
        guard let answered = await once(request, effect) else { return false }
        switch answered.status {
        case 201:
            if isNamed {
                judge(.blob(source, blob.digest), shows: blob.digest, answered, request.line)
            }
            noteTold(effect.map(\.subject), answered)
            findings.count("mounted")
            return true
        case 202:
            guard let location = answered.response.headers["Location"] else {
                unexpected(request, answered)
                return false
            }
            return await finish(
                blob,
                location,
                effect,
                body: blob.bytes,
                begunAt: answered.begun
            ) == .done
        default:
            unexpected(request, answered)
            return false
        }
    }

    /// The longest piece of an upload in pieces.
    static let pieceMax = 30_000

    private enum Step { case done, again, resume }

    /// A session: begun, filled, finished, resumed where a connection broke.
    private mutating func session(
        _ blob: Content.Blob,
        _ repository: RepositoryName,
        _ effect: [Effect],
        _ form: UploadForm
    ) async -> Bool {
        let query =
            blob.digest.algorithm == .sha512 && generator.chance(1, in: 2)
            ? "?digest-algorithm=sha512" : ""
        let begin = WireRequest("POST", "/v2/\(repository)/blobs/uploads/\(query)")
        guard let answered = await once(begin) else { return false }
        guard answered.status == 202, var location = answered.response.headers["Location"] else {
            unexpected(begin, answered)
            return false
        }
        let begun = answered.begun
        if generator.chance(1, in: 20) {
            await cancel(location)
            return false
        }
        if form == .postPut {
            return await finish(blob, location, effect, body: blob.bytes, begunAt: begun) == .done
        }
        var sent = 0
        for _ in 0..<Client.attemptsMax where sent < blob.bytes.count {
            let end =
                form == .streamed
                ? blob.bytes.count
                : min(blob.bytes.count, sent + generator.within(1...Client.pieceMax))
            switch await patch(blob, location, sent..<end, form) {
            case .sent(let next, let reached):
                if generator.chance(1, in: 10) {
                    // Once more, as a proxy or an impatient client does: it may not make it longer.
                    findings.count("chunk repeated")
                    _ = await patch(blob, location, sent..<end, form)
                }
                (location, sent) = (next, reached)
            case .unclear:
                guard let (next, reached) = await status(location) else { return false }
                findings.count("upload resumed")
                (location, sent) = (next, reached)
            case .gone: return false
            }
        }
        guard sent == blob.bytes.count else { return false }
        return await finish(blob, location, effect, body: nil, begunAt: begun) == .done
    }

    private enum Sent {
        case sent(location: String, reached: Int)
        case unclear
        case gone
    }

    private func patch(
        _ blob: Content.Blob,
        _ location: String,
        _ range: Range<Int>,
        _ form: UploadForm
    ) async -> Sent {
        var headers = [("Content-Type", "application/octet-stream")]
        if form == .chunked {
            headers.append(("Content-Range", "\(range.lowerBound)-\(range.upperBound - 1)"))
        }
        let request = WireRequest(
            "PATCH",
            location,
            headers: headers,
            body: Array(blob.bytes[range])
        )
        guard let answered = await once(request) else { return .unclear }
        switch answered.status {
        case 202:
            guard let next = answered.response.headers["Location"],
                answered.response.headers["Range"] == "0-\(range.upperBound - 1)"
            else {
                unexpected(request, answered)
                return .gone
            }
            return .sent(location: next, reached: range.upperBound)
        case 416: return .unclear
        case 404: return .gone
        default:
            unexpected(request, answered)
            return .gone
        }
    }

    /// Asks how far an upload is; nil when it is gone.
    private func status(_ location: String) async -> (location: String, reached: Int)? {
        let request = WireRequest("GET", location)
        guard let answered = await persistently(request), answered.status == 204 else { return nil }
        guard let next = answered.response.headers["Location"] else {
            unexpected(request, answered)
            return nil
        }
        let range = answered.response.headers["Range"] ?? "0-0"
        let last = range.split(separator: "-").last.flatMap { Int($0) } ?? 0
        // `0-0` says one byte or none: a client that cannot tell begins another upload.
        return last == 0 ? nil : (next, last + 1)
    }

    private func cancel(_ location: String) async {
        let request = WireRequest("DELETE", location)
        guard let answered = await once(request) else { return }
        findings.count("upload cancelled")
        if ![204, 404].contains(answered.status) { unexpected(request, answered) }
    }

    /// Finishes an upload; a lost answer is asked for again by the same request.
    private func finish(
        _ blob: Content.Blob,
        _ location: String,
        _ effect: [Effect],
        body: [UInt8]?,
        begunAt begun: Int
    ) async -> Step {
        let joint = location.contains("?") ? "&" : "?"
        let request = WireRequest(
            "PUT",
            "\(location)\(joint)digest=\(blob.digest)",
            headers: body == nil ? [] : [("Content-Type", "application/octet-stream")],
            body: body ?? []
        )
        for attempt in 0..<3 {
            guard let answered = await once(request, effect) else {
                await wait(attempt: attempt)
                continue
            }
            switch answered.status {
            case 201:
                noteTold(effect.map(\.subject), answered)
                return .done
            // After a crash a staging may be gone, shorter, or of other bytes: 202 is no promise.
            case 404, 416: return .again
            case 400:
                findings.require(
                    ledger.hasCrashed(since: begun),
                    .exactBytes,
                    "\(request.line) was answered 400, and what was sent are its bytes"
                )
                return .again
            default:
                unexpected(request, answered)
                return .again
            }
        }
        return .resume
    }
}

extension Client {
    /// Brings bytes under a digest that is not theirs, at once or in a session: refused, and nothing is
    /// there afterwards (I3).
    mutating func uploadWrongly(_ blob: Content.Blob, to repository: RepositoryName) async {
        var bytes = blob.bytes
        if bytes.isEmpty { bytes = [1] } else { bytes[generator.below(bytes.count)] ^= 1 }
        let type = ("Content-Type", "application/octet-stream")
        let uploads = "/v2/\(repository)/blobs/uploads/"
        let request: WireRequest
        var session: Ledger.Ticket?
        if generator.chance(1, in: 2) {
            let begin = WireRequest("POST", uploads)
            guard let begun = await once(begin),
                let location = begun.response.headers["Location"]
            else { return }
            session = begun.ticket
            let joint = location.contains("?") ? "&" : "?"
            let isSent = generator.chance(1, in: 2)
            if isSent {
                let patch = WireRequest("PATCH", location, headers: [type], body: bytes)
                guard await once(patch)?.status == 202 else { return }
            }
            request = WireRequest(
                "PUT",
                "\(location)\(joint)digest=\(blob.digest)",
                headers: isSent ? [] : [type],
                body: isSent ? [] : bytes
            )
        } else {
            request = WireRequest(
                "POST",
                uploads + "?digest=\(blob.digest)",
                headers: [type],
                body: bytes
            )
        }
        guard let answered = await once(request) else { return }
        // Whose session a power cut took may be told that the blob is there, as after a lost answer: the bytes of
        // this request are dropped.
        if answered.status == 201, let session, ledger.hasCrashed(since: session.begun) { return }
        findings.count("wrong digest refused")
        findings.require(
            answered.status != 201,
            .exactBytes,
            "\(request.line) with other bytes was answered \(answered.status)"
        )
        // A session may be gone after a crash.
        if ![400, 404, 416].contains(answered.status) { unexpected(request, answered) }
    }
}
