// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Crypto
import HTTP
import HTTPClient
import JSON
import OCI

/// The distribution API of the running server, over its socket, for moving whole images.
struct RegistrySession {
    /// The largest manifest taken, in bytes.
    static let manifestMax = 64 << 20

    let repository: String
    private let client: Client

    init(data: String, repository: String) {
        self.repository = repository
        client = Client(Client.Options(unixSocket: "\(data)/\(Wire.socketName)"))
    }

    /// What stopped an import or export.
    struct Failure: Error {
        var sentence: String
        var code: ExitCode = .failure
    }

    /// A manifest as it is served.
    struct Served {
        var bytes: [UInt8]
        var type: String
        /// The one that was asked for, or else the one the server names; the bytes hash to it.
        var digest: Digest
    }

    /// Gets a manifest, and fails unless its bytes hash to its digest.
    func manifest(_ reference: String) async throws -> Served {
        let answer = try await client.send(
            head("GET", "manifests/\(reference)"),
            body: [],
            limit: RegistrySession.manifestMax
        )
        guard answer.status == 200 else { throw failure(answer, "get '\(reference)'") }
        let named = answer.headers["Docker-Content-Digest"].flatMap { Digest($0) }
        guard let digest = Digest(reference) ?? named else {
            throw Failure(sentence: "the server names no digest for '\(reference)'")
        }
        let actual = Digest.of(answer.body, digest.algorithm)
        guard actual == digest else {
            throw Failure(sentence: "manifest \(digest) came as \(actual)", code: .damage)
        }
        let type = answer.headers["Content-Type"] ?? MediaType.ociManifest
        return Served(bytes: answer.body, type: type, digest: digest)
    }

    /// Hands a blob piece by piece to `take`, and fails unless its bytes hash to its digest.
    func blob(_ digest: Digest, _ take: ([UInt8]) throws -> Void) throws {
        var hash = DigestContext(digest.algorithm)
        var problem: (any Error)?
        let answer = try client.exchange(
            head("GET", "blobs/\(digest)"),
            bodyCount: nil,
            produce: { _ in [] },
            consume: { status, bytes in
                guard status == 200 else { return true }
                hash.update(bytes)
                do { try take(bytes) } catch {
                    problem = error
                    return false
                }
                return true
            }
        )
        if let problem { throw problem }
        guard answer.status == 200 else {
            throw Failure(sentence: "the server answered \(answer.status) for blob \(digest)")
        }
        let actual = hash.finish()
        guard actual == digest else {
            throw Failure(sentence: "blob \(digest) came as \(actual)", code: .damage)
        }
    }

    /// Whether the repository has a blob.
    func has(_ digest: Digest) async throws -> Bool {
        let answer = try await client.send(head("HEAD", "blobs/\(digest)"), body: [], limit: 0)
        return answer.status == 200
    }

    /// Pushes a blob of `size` bytes in one request.
    func push(_ digest: Digest, size: UInt64, _ produce: (Int) -> [UInt8]) throws {
        var request = head("POST", "blobs/uploads/")
        request.query = "digest=\(digest)"
        var body: [UInt8] = []
        let answer = try client.exchange(
            request,
            bodyCount: size,
            produce: produce,
            consume: { _, bytes in
                body += bytes
                return body.count < 65_536
            }
        )
        guard answer.status == 201 else {
            let received = ReceivedResponse(
                status: answer.status,
                headers: answer.headers,
                body: body
            )
            throw failure(received, "push blob \(digest)")
        }
    }

    /// Pushes a manifest under its digest, which the server verifies, and a tag if it gets one.
    func put(_ digest: Digest, tag: Tag?, _ bytes: [UInt8], type: String) async throws {
        var request = head("PUT", "manifests/\(digest)")
        request.query = tag.map { "tag=\($0)" }
        request.headers.append("Content-Type", type)
        let answer = try await client.send(request, body: bytes, limit: 1 << 20)
        guard answer.status == 201 else { throw failure(answer, "push manifest \(digest)") }
    }

    private func head(_ method: String, _ path: String) -> RequestHead {
        RequestHead(
            method: method,
            path: "/v2/\(repository)/\(path)",
            headers: Headers([("Host", "breakwater"), ("Accept", "*/*")])
        )
    }

    /// The sentence the server gave, and whether it refused or failed.
    private func failure(_ answer: ReceivedResponse, _ step: String) -> Failure {
        let sentence = RegistrySession.sentence(answer)
        return Failure(
            sentence: "\(step): \(sentence)",
            code: answer.status < 500 ? .refused : .failure
        )
    }

    /// The message of an error's body; of an answer without one, its status.
    private static func sentence(_ answer: ReceivedResponse) -> String {
        do throws(JSONError) {
            let body = try JSONValue.parse(answer.body)
            let message = body["errors"]?.array?.first?["message"]?.string
            return message ?? "the server answered \(answer.status)"
        } catch {
            return "the server answered \(answer.status)"
        }
    }
}
