// SPDX-License-Identifier: Apache-2.0

import HTTP
import JSON
import OCI

extension TestRegistry {
    /// Begins an upload and returns its `Location`.
    func begin(in name: String, query: String = "") async -> String {
        let begun = await send("POST", "/v2/\(name)/blobs/uploads/\(query)")
        return begun.headers["Location"] ?? "no Location"
    }

    /// Sends a chunk; `at` is its first byte's place.
    func patch(_ location: String, _ chunk: String, at first: Int? = nil) async -> Response {
        let range = first.map { ("Content-Range", "\($0)-\($0 + chunk.utf8.count - 1)") }
        return await send(
            "PATCH",
            location,
            headers: range.map { [$0] } ?? [],
            body: Array(chunk.utf8)
        )
    }

    /// Sends the last request of an upload.
    func finish(
        _ location: String,
        _ digest: String,
        _ chunk: String = "",
        at first: Int? = nil
    ) async -> Response {
        let range = first.map { ("Content-Range", "\($0)-\($0 + chunk.utf8.count - 1)") }
        let separator = location.contains("?") ? "&" : "?"
        return await send(
            "PUT",
            location + separator + "digest=\(digest)",
            headers: range.map { [$0] } ?? [],
            body: Array(chunk.utf8)
        )
    }

    /// Pushes a manifest's text.
    func put(
        _ text: String,
        to name: String,
        _ reference: String,
        as type: String? = MediaType.ociManifest
    ) async -> Response {
        await send(
            "PUT",
            "/v2/\(name)/manifests/\(reference)",
            headers: type.map { [("Content-Type", $0)] } ?? [],
            body: Array(text.utf8)
        )
    }

    /// An index of `children`, with whatever else it has.
    static func index(_ children: [(Digest, Int)], _ more: String = "") -> String {
        let descriptors = children.map { digest, size in
            #"{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(digest)","size":\#(size)}"#
        }
        return #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)","manifests":["#
            + descriptors.joined(separator: ",") + "]\(more)}"
    }

    /// The `subject` field of a manifest.
    static func subject(_ digest: Digest, _ size: Int) -> String {
        #","subject":{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(digest)","size":\#(size)}"#
    }
}

extension Response {
    /// The tags of a list.
    var tags: [String] { json?["tags"]?.array?.compactMap(\.string) ?? [] }

    /// The descriptors of an index.
    var manifests: [JSONValue] { json?["manifests"]?.array ?? [] }

    /// Their digests.
    var digests: [String] { manifests.compactMap { $0["digest"]?.string } }

    /// The target of `Link: <…>; rel="next"`.
    var next: String? {
        guard let link = headers["Link"], link.hasPrefix("<"), link.hasSuffix(">; rel=\"next\"")
        else { return nil }
        return String(link.dropFirst().prefix { $0 != ">" })
    }
}
