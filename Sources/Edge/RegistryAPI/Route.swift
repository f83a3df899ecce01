// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI

/// What a path of the distribution API names (OCI distribution spec, "Endpoints").
enum Route: Hashable, Sendable {
    /// end-1.
    case base
    /// end-2, end-10 (blobs).
    case blob(RepositoryName, Digest)
    /// end-3, end-7, end-9.
    case manifest(RepositoryName, Reference)
    /// end-4, end-11.
    case uploads(RepositoryName)
    /// end-5, end-6, end-13, end-14.
    case upload(RepositoryName, id: String)
    /// end-8.
    case tags(RepositoryName)
    /// end-12.
    case referrers(RepositoryName, Digest)
    /// Docker's list of repositories.
    case catalog

    /// The methods it takes, for `Allow`.
    var methods: [String] {
        switch self {
        case .base, .tags, .referrers, .catalog: ["GET", "HEAD"]
        case .blob: ["GET", "HEAD", "DELETE"]
        case .manifest: ["GET", "HEAD", "PUT", "DELETE"]
        case .uploads: ["POST"]
        case .upload: ["GET", "HEAD", "PATCH", "PUT", "DELETE"]
        }
    }

    /// Reads a path as it was sent; nil when no endpoint has it.
    static func parse(_ path: String) throws(RequestError) -> Route? {
        guard path.hasPrefix("/v2") else { return nil }
        guard path.utf8.count > 4 else { return path == "/v2" || path == "/v2/" ? .base : nil }
        guard path.hasPrefix("/v2/"), let decoded = PercentCoding.decode(path.dropFirst(4)) else {
            return nil
        }
        if decoded == "_catalog" { return .catalog }
        var parts = decoded.split(separator: "/", omittingEmptySubsequences: false)[...]
        guard let last = parts.popLast(), let kind = parts.popLast() else { return nil }
        switch kind {
        case "manifests": return .manifest(try name(parts), try reference(last))
        case "tags" where last == "list": return .tags(try name(parts))
        case "referrers": return .referrers(try name(parts), try digest(last))
        case "uploads" where parts.last == "blobs":
            let name = try name(parts.dropLast())
            return last.isEmpty ? .uploads(name) : .upload(name, id: String(last))
        case "blobs" where last == "uploads": return .uploads(try name(parts))
        case "blobs": return .blob(try name(parts), try digest(last))
        default: return nil
        }
    }

    private static func name(_ parts: ArraySlice<Substring>) throws(RequestError) -> RepositoryName
    {
        let text = parts.joined(separator: "/")
        guard let name = RepositoryName(text) else { throw .name(text) }
        return name
    }

    private static func digest(_ text: Substring) throws(RequestError) -> Digest {
        guard let digest = Digest(text) else { throw .digest(String(text)) }
        return digest
    }

    private static func reference(_ text: Substring) throws(RequestError) -> Reference {
        if text.utf8.contains(UInt8(ascii: ":")) { return .digest(try digest(text)) }
        guard let tag = Tag(text) else { throw .tag(String(text)) }
        return .tag(tag)
    }
}
