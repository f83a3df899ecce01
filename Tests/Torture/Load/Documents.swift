// SPDX-License-Identifier: Apache-2.0

import OCI

/// The manifests that workers push.
enum Documents {
    static let imageType = "application/vnd.oci.image.manifest.v1+json"
    static let indexType = "application/vnd.oci.image.index.v1+json"

    static func image(
        config: (Digest, Int),
        layer: (Digest, Int),
        subject: (Digest, RepositoryState.Names)?
    ) -> [UInt8] {
        let configType = "application/vnd.oci.image.config.v1+json"
        let layerType = "application/vnd.oci.image.layer.v1.tar"
        var fields = [
            #""schemaVersion":2"#, #""mediaType":"\#(imageType)""#,
            #""config":\#(descriptor(configType, config.0, config.1))"#,
            #""layers":[\#(descriptor(layerType, layer.0, layer.1))]"#,
        ]
        if let (digest, names) = subject {
            let subject = descriptor(names.mediaType, digest, names.bytes.count)
            fields.append(#""subject":\#(subject)"#)
        }
        return Array("{\(fields.joined(separator: ","))}".utf8)
    }

    static func index(of children: [(Digest, RepositoryState.Names)]) -> [UInt8] {
        let list = children.map { descriptor($0.1.mediaType, $0.0, $0.1.bytes.count) }
            .joined(separator: ",")
        return Array(
            #"{"schemaVersion":2,"mediaType":"\#(indexType)","manifests":[\#(list)]}"#.utf8
        )
    }

    private static func descriptor(_ type: String, _ digest: Digest, _ size: Int) -> String {
        #"{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(size)}"#
    }
}
