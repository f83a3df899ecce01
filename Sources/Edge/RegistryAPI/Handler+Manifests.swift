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
        var room = 0
        defer { manifestRoom.give(room) }
        let bytes = try await collect(head, body, &room)
        let digest = try digest(of: bytes, reference)
        let manifest = try Manifest.parse(
            bytes,
            contentType: head.headers["Content-Type"],
            limits: options.manifestLimits
        )
        let conditions = Preconditions(head.headers)
        guard conditions.isEmpty || tags.count == 1 else {
            throw RequestError.conditionsOfTags
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
                throw RequestError.conditionFailed(digest.description)
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
            guard named.isEmpty else { throw RequestError.tagsOfTag }
            return [tag]
        case .digest:
            guard named.count <= options.tagsMax else {
                throw RequestError.tooManyTags(limit: options.tagsMax)
            }
            var tags: [Tag] = []
            for text in named {
                guard let tag = Tag(text) else { throw RequestError.tag(text) }
                if !tags.contains(tag) { tags.append(tag) }
            }
            return tags
        }
    }

    /// Reads a manifest, taking room for what comes as it comes: who sends slowly holds little.
    ///
    /// `room` is how much was taken, for the caller to give back.
    private func collect(
        _ head: RequestHead,
        _ body: any RequestBody,
        _ room: inout Int
    ) async throws -> [UInt8] {
        let limit = options.manifestSizeMax
        let declared = try DistributionHandler.length(head)
        guard declared ?? 0 <= UInt64(limit) else {
            throw RequestError.manifestTooLarge(limit: limit)
        }
        var bytes: [UInt8] = []
        while let chunk = try await DistributionHandler.next(body) {
            guard bytes.count + chunk.count <= limit else {
                throw RequestError.manifestTooLarge(limit: limit)
            }
            guard manifestRoom.take(chunk.count) else { throw RegistryError.overloaded }
            room += chunk.count
            bytes += chunk
        }
        guard declared ?? UInt64(bytes.count) == UInt64(bytes.count) else {
            throw RegistryError.wrongLength(declared: declared ?? 0, got: UInt64(bytes.count))
        }
        return bytes
    }

    private static func next(
        _ body: any RequestBody
    ) async throws(RegistryError) -> [UInt8]? {
        do throws(BodyError) { return try await body.next() } catch { throw .body(error) }
    }

    private func digest(of bytes: [UInt8], _ reference: Reference) throws(RequestError) -> Digest {
        guard case .digest(let named) = reference else { return Digest.of(bytes, .sha256) }
        let actual = Digest.of(bytes, named.algorithm)
        guard actual == named else {
            throw .otherDigest(actual, named: named)
        }
        return named
    }
}
