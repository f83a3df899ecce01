// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Registry

// Pull (OCI distribution spec, "Pull").
extension DistributionHandler {
    /// How long a content that can never change may be kept by whoever asked by digest.
    private static let immutable = ("Cache-Control", "max-age=31536000, immutable")
    /// What a tag is now may be another thing at the next request.
    private static let revalidated = ("Cache-Control", "no-cache")

    func contentResponse(_ content: Registry.Content, isByDigest: Bool) -> Response {
        Response(
            status: 200,
            headers: Headers([
                DistributionHandler.version,
                ("Content-Type", content.mediaType),
                ("Docker-Content-Digest", content.digestText),
                ("ETag", "\"\(content.digestText)\""),
                isByDigest ? DistributionHandler.immutable : DistributionHandler.revalidated,
            ]),
            body: .bytes(content.bytes)
        )
    }

    /// end-3.
    func manifest(
        _ name: RepositoryName,
        _ reference: Reference,
        _ head: RequestHead
    ) async throws -> Response {
        guard let content = try await registry.manifest(name, reference) else {
            throw APIError(
                .manifestUnknown,
                "no manifest '\(DistributionHandler.text(reference))' in '\(name)'"
            )
        }
        var isByDigest = false
        if case .digest = reference { isByDigest = true }
        let response = contentResponse(content, isByDigest: isByDigest)
        switch Preconditions(head.headers).forReading(EntityTag(strong: content.digestText)) {
        case .proceed: return response
        case .notModified: return Response(status: 304, headers: response.headers)
        case .failed:
            throw APIError(.denied, status: 412, "the manifest is \(content.digestText)")
        }
    }

    /// end-2.
    func blob(
        _ name: RepositoryName,
        _ digest: Digest,
        _ head: RequestHead
    ) async throws -> Response {
        guard let blob = try await registry.blob(name, digest) else {
            throw APIError(.blobUnknown, "no blob \(digest) in '\(name)'")
        }
        let text = digest.description
        let entityTag = EntityTag(strong: text)
        var headers = Headers([
            DistributionHandler.version, ("Content-Type", "application/octet-stream"),
            ("Docker-Content-Digest", text), ("ETag", "\"\(text)\""),
            DistributionHandler.immutable, ("Accept-Ranges", "bytes"),
        ])
        switch Preconditions(head.headers).forReading(entityTag) {
        case .proceed: break
        case .notModified: return Response(status: 304, headers: headers)
        case .failed: throw APIError(.denied, status: 412, "the blob is \(text)")
        }
        switch RangeSelection(head.headers, size: blob.size, entityTag: entityTag) {
        case .whole:
            return Response(status: 200, headers: headers, body: DistributionHandler.body(blob))
        case .part(let range):
            headers.append("Content-Range", range.contentRange(of: blob.size))
            return Response(
                status: 206,
                headers: headers,
                body: DistributionHandler.body(blob, range)
            )
        case .unsatisfiable:
            headers.append("Content-Range", ByteRange.unsatisfied(of: blob.size))
            return Response(status: 416, headers: headers)
        }
    }

    private static func body(_ blob: Registry.Blob) -> Response.Body {
        switch blob {
        case .content(let content): .bytes(content.bytes)
        case .region(let region): .file(region)
        }
    }

    private static func body(_ blob: Registry.Blob, _ range: ByteRange) -> Response.Body {
        switch blob {
        case .content(let content):
            .bytes(Array(content.bytes[Int(range.first)...Int(range.last)]))
        case .region(let region): .file(PartialRegion(of: region, range))
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
