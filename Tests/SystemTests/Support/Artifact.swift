// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import Testing

extension RunningServer {
    /// Pushes an artifact about an image, under a tag if one is named, and returns its digest.
    @discardableResult
    func pushArtifact(
        to repository: String,
        about image: MultiArchImage,
        as tag: String? = nil,
        _ workspace: Workspace
    ) async throws -> String {
        var descriptors: [String] = []
        for text in ["{}", "what was found in \(image.digest)"] {
            let bytes = Array(text.utf8)
            let digest = try workspace.sha256(of: bytes)
            let pushed = try await ask(
                "POST",
                "/v2/\(repository)/blobs/uploads/?digest=\(digest)",
                body: bytes
            )
            try #require(pushed.status == 201)
            descriptors.append("\"digest\":\"\(digest)\",\"size\":\(bytes.count)")
        }
        let type = "application/vnd.oci.image.manifest.v1+json"
        let subject = Workspace.read("\(image.layout)/blobs/sha256/\(image.digest.dropFirst(7))")
        let text = """
            {"schemaVersion":2,"mediaType":"\(type)","artifactType":"application/x-report",\
            "config":{"mediaType":"application/vnd.oci.empty.v1+json",\(descriptors[0])},\
            "layers":[{"mediaType":"text/plain",\(descriptors[1])}],\
            "subject":{"mediaType":"application/vnd.oci.image.index.v1+json",\
            "digest":"\(image.digest)","size":\(subject.utf8.count)}}
            """
        let bytes = Array(text.utf8)
        let digest = try workspace.sha256(of: bytes)
        let put = try await ask(
            "PUT",
            "/v2/\(repository)/manifests/\(tag ?? digest)",
            [("Content-Type", type)],
            body: bytes
        )
        try #require(put.status == 201, "\(put.text)")
        return digest
    }
}
