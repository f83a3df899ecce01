// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Platform

/// Bytes to push and the documents that name them.
enum Content {
    static let manifestType = "application/vnd.oci.image.manifest.v1+json"

    /// Random bytes, the same from the same seed.
    static func random(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { buffer in
            for index in stride(from: 0, to: count - 7, by: 8) {
                state &+= 0x9E37_79B9_7F4A_7C15
                var mixed = state
                mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
                mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
                buffer.storeBytes(of: mixed ^ (mixed >> 31), toByteOffset: index, as: UInt64.self)
            }
        }
        return bytes
    }

    /// Makes bytes others than before, so that nobody has them yet.
    static func vary(_ bytes: inout [UInt8], _ number: UInt64) {
        for index in 0..<min(8, bytes.count) {
            bytes[index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
        }
    }

    /// A manifest of about a kilobyte.
    static func manifest(
        config: (Digest, Int),
        layers: [(Digest, Int)] = [],
        note: String
    ) -> [UInt8] {
        let layerType = "application/vnd.oci.image.layer.v1.tar"
        let layers = layers.map { descriptor(layerType, $0) }.joined(separator: ",")
        let config = descriptor("application/vnd.oci.image.config.v1+json", config)
        let padding = String(repeating: "x", count: 600)
        return Array(
            (#"{"schemaVersion":2,"mediaType":"\#(manifestType)","config":\#(config),"#
                + #""layers":[\#(layers)],"annotations":{"note":"\#(note)","padding":"\#(padding)"}}"#)
                .utf8
        )
    }

    private static func descriptor(_ type: String, _ content: (Digest, Int)) -> String {
        #"{"mediaType":"\#(type)","digest":"\#(content.0)","size":\#(content.1)}"#
    }
}

extension Connection {
    /// Pushes a blob as docker does: POST, PATCH, PUT.
    func push(_ bytes: [UInt8], _ digest: Digest, to repository: String) throws {
        let began = try must(202, "POST", "/v2/\(repository)/blobs/uploads/")
        let sent = try must(202, "PATCH", began.location ?? "", body: bytes)
        let place = sent.location ?? ""
        try must(201, "PUT", "\(place)\(place.contains("?") ? "&" : "?")digest=\(digest)")
    }

    /// Puts a manifest under a reference, with more tags in the query.
    func put(_ manifest: [UInt8], _ reference: String, to repository: String) throws {
        let target = "/v2/\(repository)/manifests/\(reference)"
        try must(201, "PUT", target, type: Content.manifestType, body: manifest)
    }
}
