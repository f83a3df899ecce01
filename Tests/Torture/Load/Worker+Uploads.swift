// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI

// Uploads that their client leaves and comes back to.
extension Worker {
    /// Begins an upload, sends a part of it, and leaves it.
    mutating func leaveUpload() async -> End? {
        let bytes = chance.bytes(4096 << chance.below(9))
        do throws(TransportError) {
            var answer = try await registry.open(in: history.repository)
            guard answer.status == 202 else { return wrong("opening an upload", answer) }
            var upload = OpenUpload(
                bytes: bytes,
                digest: Digest.of(bytes),
                place: Registry.Place(of: answer)
            )
            history.leave(upload)
            for _ in 0..<chance.within(1...3) {
                let rest = bytes.count - upload.acknowledged
                let next = upload.acknowledged + chance.within(rest / 8...rest / 2)
                answer = try await registry.append(
                    bytes[upload.acknowledged..<next],
                    at: upload.place
                )
                guard answer.status == 202 else { return wrong("a chunk", answer) }
                upload.acknowledged = next
                upload.place = Registry.Place(of: answer)
                history.leave(upload)
            }
            return nil
        } catch {
            return .unanswered
        }
    }

    /// Asks how far the upload is and sends the rest; returns the last answer.
    func resume(_ upload: OpenUpload) async throws(TransportError) -> ReceivedResponse {
        let status = try await registry.send(
            "GET",
            upload.place.path,
            query: upload.place.query
        )
        var offset = upload.bytes.count
        var place = upload.place
        if status.status == 204 {
            place = Registry.Place(of: status)
            offset = Worker.offset(of: status)
            guard (upload.acknowledged...upload.bytes.count).contains(offset) else {
                let lost = "\(offset) of \(upload.acknowledged) acknowledged bytes are there"
                return ReceivedResponse(status: 0, headers: status.headers, body: Array(lost.utf8))
            }
        } else if !(upload.isClosing && status.status == 404) {
            return status
        }
        var closing = upload
        closing.isClosing = true
        history.leave(closing)
        // Also where it is over already: a last request that is repeated is answered as before.
        let answer = try await registry.close(
            with: upload.bytes[offset...],
            upload.digest,
            at: place
        )
        guard upload.isClosing, status.status == 404, answer.status == 404 else { return answer }
        // Killed between the blob's place on the disk and its place in the journal: nothing was
        // acknowledged but chunks, and the client is told to begin again.
        let name = history.repository
        return try await registry.push(upload.bytes, upload.digest, to: name, .session(chunks: 0))
    }

    /// Comes back to the upload on a disk whose power failed; what is wrong, if anything is.
    ///
    /// Bytes of a chunk are synced with the whole blob only: they may be gone, or all of the upload,
    /// but what is taken in the end must be the blob.
    func resumeAfterCut(_ upload: OpenUpload) async throws(TransportError) -> String? {
        let (path, query) = (upload.place.path, upload.place.query)
        let status = try await registry.send("GET", path, query: query)
        if status.status == 404 { return nil }
        let offset = Worker.offset(of: status)
        guard status.status == 204, (0...upload.bytes.count).contains(offset) else {
            return "an upload after the cut: \(status.status), \(offset) bytes"
        }
        let place = Registry.Place(of: status)
        let rest = upload.bytes[offset...]
        let answer = try await registry.close(with: rest, upload.digest, at: place)
        guard answer.status == 201 else {
            return answer.status == 400 ? nil : "its last bytes: \(answer.status)"
        }
        let blob = "/v2/\(history.repository)/blobs/\(upload.digest)"
        let found = try await registry.send("GET", blob)
        return found.body == upload.bytes ? nil : "\(blob) is not what was uploaded"
    }

    /// `0-0` says "nothing"; a first chunk of one byte is never sent.
    private static func offset(of status: ReceivedResponse) -> Int {
        let last = status.headers["Range"].flatMap { $0.split(separator: "-").last }.flatMap {
            Int($0)
        }
        return last.map { $0 == 0 ? 0 : $0 + 1 } ?? -1
    }

    private func wrong(_ what: String, _ answer: ReceivedResponse) -> End {
        let body = String(decoding: answer.body.prefix(500), as: UTF8.self)
        return .wrong("\(history.repository): \(what): \(answer.status) \(body)")
    }
}
