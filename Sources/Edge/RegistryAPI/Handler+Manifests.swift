// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI
import Registry

// Pushing manifests and deleting content (OCI distribution spec, "Push", "Content Management").
extension DistributionHandler {
    /// end-7.
    func putManifest(
        _ name: RepositoryName,
        _ reference: Reference,
        _ head: RequestHead,
        _ query: Query,
        _ body: any RequestBody
    ) async throws -> Response {
        let tags = try tags(reference, query)
        let room = try room(head)
        defer { manifestRoom.give(room) }
        let bytes = try await collect(body, room)
        let digest = try digest(of: bytes, reference)
        let manifest: Manifest
        do throws(ManifestError) {
            manifest = try Manifest.parse(
                bytes,
                contentType: head.headers["Content-Type"],
                limits: options.manifestLimits
            )
        } catch {
            throw APIError(.manifestInvalid, error.sentence)
        }
        let conditions = Preconditions(head.headers)
        guard conditions.isEmpty || tags.count == 1 else {
            throw APIError(
                .unsupported,
                status: 400,
                "If-Match and If-None-Match need exactly one tag"
            )
        }
        try await registry.putManifest(
            name,
            manifest,
            bytes: bytes,
            as: digest,
            tags: tags,
            conditions: conditions.isEmpty ? nil : conditions
        )
        var response = created(
            digest,
            at: "/v2/\(name)/manifests/\(DistributionHandler.text(reference))"
        )
        if let subject = manifest.subject {
            response.headers.append("OCI-Subject", subject.digest.description)
        }
        if case .digest = reference {
            for tag in tags { response.headers.append("OCI-Tag", tag.description) }
        }
        return response
    }

    /// end-9.
    ///
    /// A tag alone, or a manifest with what belongs to it.
    func deleteManifest(
        _ name: RepositoryName,
        _ reference: Reference,
        _ head: RequestHead
    ) async throws -> Response {
        let conditions = Preconditions(head.headers)
        switch reference {
        case .tag(let tag):
            try await registry.change(
                name,
                .deleteTag(tag, conditions.isEmpty ? nil : conditions)
            )
        case .digest(let digest):
            guard conditions.forChanging(EntityTag(strong: digest.description)) == .proceed else {
                throw APIError(.denied, status: 412, "the condition failed: this is \(digest)")
            }
            try await registry.changeWholly(name, .deleteManifest(digest))
        }
        return Response(status: 202, headers: Headers([DistributionHandler.version]))
    }

    /// end-10.
    func deleteBlob(_ name: RepositoryName, _ digest: Digest) async throws -> Response {
        try await registry.change(name, .deleteBlob(digest))
        return Response(status: 202, headers: Headers([DistributionHandler.version]))
    }

    /// The tag of the path, or the tags of the query for a push by digest.
    private func tags(_ reference: Reference, _ query: Query) throws -> [Tag] {
        let named = query.values("tag")
        switch reference {
        case .tag(let tag):
            guard named.isEmpty else {
                throw APIError(.unsupported, status: 400, "?tag= goes with a push by digest")
            }
            return [tag]
        case .digest:
            guard named.count <= options.tagsMax else {
                throw APIError(
                    .unsupported,
                    status: 414,
                    "at most \(options.tagsMax) tags in one push"
                )
            }
            var tags: [Tag] = []
            for text in named {
                guard let tag = Tag(text) else {
                    throw APIError(.manifestInvalid, "'\(text.prefix(160))' is not a tag")
                }
                if !tags.contains(tag) { tags.append(tag) }
            }
            return tags
        }
    }

    /// Takes room for a manifest before it is read: as much as it is said to need, or the most.
    private func room(_ head: RequestHead) throws -> Int {
        let length = try DistributionHandler.length(head)
        let wanted = length ?? UInt64(options.manifestSizeMax)
        guard wanted <= UInt64(options.manifestSizeMax) else { throw manifestTooLarge }
        guard manifestRoom.take(Int(wanted)) else { throw RegistryError.overloaded }
        return Int(wanted)
    }

    private func collect(_ body: any RequestBody, _ room: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do throws(BodyError) {
            while let chunk = try await body.next() {
                bytes += chunk
                if bytes.count > room { break }
            }
        } catch {
            throw RegistryError.body(error)
        }
        guard bytes.count <= options.manifestSizeMax else { throw manifestTooLarge }
        guard bytes.count <= room else {
            throw RegistryError.wrongLength(declared: UInt64(room), got: UInt64(bytes.count))
        }
        return bytes
    }

    private var manifestTooLarge: APIError {
        var error = APIError(
            .manifestInvalid,
            status: 413,
            "the manifest is larger than the limit of \(options.manifestSizeMax) bytes"
        )
        error.closesConnection = true
        return error
    }

    private func digest(of bytes: [UInt8], _ reference: Reference) throws(APIError) -> Digest {
        guard case .digest(let named) = reference else { return Digest.of(bytes, .sha256) }
        let actual = Digest.of(bytes, named.algorithm)
        guard actual == named else {
            throw APIError(.digestInvalid, "the manifest hashes to \(actual), not to \(named)")
        }
        return named
    }
}
