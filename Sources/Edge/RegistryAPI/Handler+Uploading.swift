// SPDX-License-Identifier: Apache-2.0

import Blobs
import HTTP
import OCI
import Platform
import Registry

// Pushing blobs (OCI distribution spec, "Push").
extension DistributionHandler {
    /// end-4a, end-4b, end-11: begin an upload, or all of it at once, or mount.
    func beginUpload(
        _ name: RepositoryName,
        _ head: RequestHead,
        _ query: Query,
        _ body: any RequestBody
    ) async throws -> Response {
        if let text = try query.value("mount") {
            let digest = try digest(text)
            let source = try query.value("from").map(repository)
            if try await registry.mount(digest, from: source, to: name) {
                return created(digest, at: "/v2/\(name)/blobs/\(digest)")
            }
        }
        let named = try query.value("digest").map(digest)
        let algorithm = try query.value("digest-algorithm").map(algorithm)
        let state = try await registry.beginUpload(
            name,
            named?.algorithm ?? algorithm ?? .sha256
        )
        guard let named, try query.value("mount") == nil else {
            return progress(202, name, state)
        }
        do {
            let declared = try DistributionHandler.length(head)
            _ = try await registry.append(body, to: state, range: nil, declared: declared)
            try await registry.finishUpload(state, as: named, name)
        } catch {
            // The client has no Location to come back with.
            try? await registry.cancelUpload(state)
            throw error
        }
        return created(named, at: "/v2/\(name)/blobs/\(named)")
    }

    /// end-5, end-6, end-13, end-14: everything about an upload that is there.
    func upload(
        _ name: RepositoryName,
        _ id: String,
        _ method: String,
        _ head: RequestHead,
        _ query: Query,
        _ body: any RequestBody
    ) async throws -> Response {
        var state = try registry.unseal(try query.value("_state"), id: id, name)
        switch method {
        case "PATCH":
            do {
                state.offset = try await append(body, to: state, head)
            } catch let error as RegistryError {
                throw await refusal(of: error, name, state)
            }
            return progress(202, name, state)
        case "PUT": return try await finish(state, name, head, query, body)
        case "DELETE":
            try await registry.cancelUpload(state)
            return Response(status: 204, headers: Headers([DistributionHandler.version]))
        default:
            state.offset = try await registry.uploadSize(state)
            return progress(204, name, state)
        }
    }

    private func finish(
        _ state: UploadState,
        _ name: RepositoryName,
        _ head: RequestHead,
        _ query: Query,
        _ body: any RequestBody
    ) async throws -> Response {
        guard let text = try query.value("digest") else {
            throw RequestError.noDigest
        }
        let digest = try digest(text)
        if DistributionHandler.hasBody(head) {
            do {
                _ = try await append(body, to: state, head)
            } catch let error as RegistryError {
                guard case .uploadUnknown = error else {
                    throw await refusal(of: error, name, state)
                }
                // A repeated last request, whose bytes are here: whether it succeeds is answered below.
            }
        }
        try await registry.finishUpload(state, as: digest, name)
        return created(digest, at: "/v2/\(name)/blobs/\(digest)")
    }

    private func append(
        _ body: any RequestBody,
        to state: UploadState,
        _ head: RequestHead
    ) async throws -> UInt64 {
        try await registry.append(
            body,
            to: state,
            range: try range(head),
            declared: try DistributionHandler.length(head)
        )
    }

    /// A chunk that does not continue the upload, or comes while another is written, is answered with
    /// where the upload stands.
    private func refusal(
        of error: RegistryError,
        _ name: RepositoryName,
        _ state: UploadState
    ) async -> APIError {
        var refusal = APIError(error)
        var state = state
        switch error {
        case .chunkOutOfOrder(let has): state.offset = has
        case .blobs(.busy):
            do throws(RegistryError) { state.offset = try await registry.uploadSize(state) } catch {
                return APIError(error)
            }
        default: return refusal
        }
        refusal.headers += DistributionHandler.place(state)
        refusal.headers.append(("Location", place(name, state)))
        return refusal
    }

    private func progress(
        _ status: Int,
        _ name: RepositoryName,
        _ state: UploadState
    ) -> Response {
        Response(
            status: status,
            headers: Headers(
                [
                    DistributionHandler.version, ("Location", place(name, state)),
                    ("Docker-Upload-UUID", state.id.description),
                ] + DistributionHandler.place(state)
            )
        )
    }

    private func place(_ name: RepositoryName, _ state: UploadState) -> String {
        location("/v2/\(name)/blobs/uploads/\(state.id)?_state=\(registry.seal(state))")
    }

    /// Docker's form of "nothing yet" is `0-0`, which clients read as one byte or none alike.
    private static func place(_ state: UploadState) -> [(String, String)] {
        [("Range", "0-\(state.offset == 0 ? 0 : state.offset - 1)")]
    }

    func created(_ digest: Digest, at path: String) -> Response {
        Response(
            status: 201,
            headers: Headers([
                DistributionHandler.version, ("Location", location(path)),
                ("Docker-Content-Digest", digest.description),
            ])
        )
    }

    private func range(_ head: RequestHead) throws(RequestError) -> ByteRange? {
        guard let text = head.headers["Content-Range"] else { return nil }
        guard let range = ByteRange(uploadContentRange: text) else {
            throw .chunkRange(text)
        }
        return range
    }

    static func hasBody(_ head: RequestHead) -> Bool {
        head.headers["Transfer-Encoding"] != nil
            || (head.headers["Content-Length"].map { $0 != "0" } ?? false)
    }

    /// How long a body is said to be; nil for one that comes in chunks.
    static func length(_ head: RequestHead) throws(RequestError) -> UInt64? {
        guard head.headers["Transfer-Encoding"] == nil else { return nil }
        guard let text = head.headers["Content-Length"] else { return nil }
        guard let length = UInt64(text) else { throw .length }
        return length
    }

    func digest(_ text: String) throws(RequestError) -> Digest {
        guard let digest = Digest(text) else { throw .digest(text) }
        return digest
    }

    private func algorithm(_ text: String) throws(RequestError) -> Digest.Algorithm {
        guard let algorithm = Digest.Algorithm(name: text) else { throw .algorithm }
        return algorithm
    }

    private func repository(_ text: String) throws(RequestError) -> RepositoryName {
        guard let name = RepositoryName(text) else { throw .name(text) }
        return name
    }
}
