// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Registry

// Pull (OCI distribution spec, "Pull").
extension DistributionHandler {
    /// How long a content that can never change may be kept by whoever asked by digest.
    private static let immutable = "max-age=31536000, immutable"
    /// What a tag is now may be another thing at the next request.
    private static let revalidated = "no-cache"

    /// end-3.
    func manifest(
        _ name: RepositoryName,
        _ reference: Reference,
        _ head: RequestHead
    ) async throws -> Response {
        let content: Registry.Content?
        do throws(RegistryError) {
            content = try await found(head) { () throws(RegistryError) in
                try await registry.manifest(name, reference)
            }
        } catch .contentLost(let digest, mayReturn: false) {
            var error = APIError(RegistryError.contentLost(digest, mayReturn: false))
            error.code = .manifestUnknown
            throw error
        }
        guard let content else {
            throw RegistryError.refused(.manifestUnknown(DistributionHandler.text(reference)))
        }
        await registry.notePull(of: content, in: name)
        return answer(with: content, head)
    }

    /// end-2.
    func blob(
        _ name: RepositoryName,
        _ digest: Digest,
        _ head: RequestHead
    ) async throws -> Response {
        let blob = try await found(head) { () throws(RegistryError) in
            try await registry.blob(name, digest, promise: head.method == "HEAD")
        }
        guard let blob else {
            throw RegistryError.refused(.blobUnknown(digest))
        }
        switch blob {
        case .content(let content): return answer(with: content, head)
        case .region(let region):
            let text = digest.description
            let fields = DistributionHandler.fields(
                "application/octet-stream",
                text,
                entityTag: "\"\(text)\"",
                isByDigest: true
            )
            return DistributionHandler.select(
                from: Payload.file(region),
                text,
                fields,
                head
            )
        }
    }

    /// What is lost here is not there for HEAD: who asks before a push sends it again, which heals it.
    private func found<Value>(
        _ head: RequestHead,
        _ read: () async throws(RegistryError) -> Value?
    ) async throws(RegistryError) -> Value? {
        do throws(RegistryError) { return try await read() } catch {
            guard head.method == "HEAD", case .contentLost = error else { throw error }
            return nil
        }
    }

    /// The answer with something that is in memory: no waiting, and next to no allocations.
    func answer(with content: Registry.Content, _ request: RequestHead) -> Response {
        let fields = DistributionHandler.fields(
            content.mediaType,
            content.digestText,
            entityTag: "\"\(content.digestText)\"",
            isByDigest: content.isByDigest
        )
        guard DistributionHandler.isSelective(request.headers) else {
            return Response(status: 200, headers: fields, body: .bytes(content.bytes))
        }
        return DistributionHandler.select(
            from: .bytes(content.bytes),
            content.digestText,
            fields,
            request
        )
    }

    private static func fields(
        _ mediaType: String,
        _ digest: String,
        entityTag: String,
        isByDigest: Bool
    ) -> Headers {
        var fields = Headers()
        fields.reserve(7)
        fields.append(version.0, version.1)
        fields.append("Content-Type", mediaType)
        fields.append("Docker-Content-Digest", digest)
        fields.append("ETag", entityTag)
        fields.append("Cache-Control", isByDigest ? immutable : revalidated)
        fields.append("Accept-Ranges", "bytes")
        return fields
    }

    /// Whether a request asks for less than everything.
    private static func isSelective(_ request: Headers) -> Bool {
        request.fields.contains { field in
            // Of all names that clients send, few begin like these.
            switch field.name.utf8.first {
            case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "R"), UInt8(ascii: "r"): true
            default: false
            }
        }
    }

    /// What is sent, as a whole or in part.
    private enum Payload {
        case bytes([UInt8])
        case file(any FileRegion)

        var size: UInt64 {
            switch self {
            case .bytes(let bytes): UInt64(bytes.count)
            case .file(let region): region.count
            }
        }

        var whole: Response.Body {
            switch self {
            case .bytes(let bytes): .bytes(bytes)
            case .file(let region): .file(region)
            }
        }

        func part(_ range: ByteRange) -> Response.Body {
            switch self {
            case .bytes(let bytes): .bytes(Array(bytes[Int(range.first)...Int(range.last)]))
            case .file(let region): .file(PartialRegion(of: region, range))
            }
        }
    }

    /// Conditions, then ranges (RFC 9110, 13.2.2), of which HEAD knows nothing (14.2).
    private static func select(
        from content: Payload,
        _ digest: String,
        _ fields: Headers,
        _ request: RequestHead
    ) -> Response {
        var fields = fields
        let entityTag = EntityTag(strong: digest)
        switch Preconditions(request.headers).forReading(entityTag) {
        case .proceed: break
        case .notModified: return Response(status: 304, headers: fields)
        case .failed:
            return withVersion(APIError(.conditionFailed(digest)).response)
        }
        let selection =
            request.method == "GET"
            ? RangeSelection(request.headers, size: content.size, entityTag: entityTag) : .whole
        switch selection {
        case .whole: return Response(status: 200, headers: fields, body: content.whole)
        case .part(let range):
            fields.append("Content-Range", range.contentRange(of: content.size))
            return Response(status: 206, headers: fields, body: content.part(range))
        case .unsatisfiable:
            // Nothing of the content, so nothing that speaks of it: a refusal is not kept for a year.
            return Response(
                status: 416,
                headers: Headers([
                    version, ("Content-Range", ByteRange.unsatisfied(of: content.size)),
                ])
            )
        }
    }

    static func text(_ reference: Reference) -> String {
        switch reference {
        case .tag(let tag): tag.description
        case .digest(let digest): digest.description
        }
    }
}

/// A part of a file.
private final class PartialRegion: FileRegion {
    private let region: any FileRegion
    private let range: ByteRange

    init(of region: any FileRegion, _ range: ByteRange) {
        self.region = region
        self.range = range
    }

    var descriptor: Int32? { region.descriptor }
    var offset: UInt64 { region.offset + range.first }
    var count: UInt64 { range.count }

    func read(at position: UInt64, limit: Int) throws -> [UInt8] {
        guard position < count else { return [] }
        return try region.read(
            at: range.first + position,
            limit: Int(min(UInt64(limit), count - position))
        )
    }
}
