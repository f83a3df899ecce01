// SPDX-License-Identifier: Apache-2.0

/// The media types a registry treats in a way of their own; any other names an artifact's content.
public enum MediaType {
    /// The longest type in bytes: two names of 127 and a slash (RFC 6838, 4.2).
    public static let lengthMax = 255
    /// OCI image manifest (image-spec, manifest.md).
    public static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
    /// OCI image index (image-spec, image-index.md).
    public static let ociIndex = "application/vnd.oci.image.index.v1+json"
    /// Docker image manifest, version 2 schema 2.
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    /// Docker manifest list.
    public static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
    /// Docker image manifest, version 2 schema 1, unsigned and signed: refused.
    public static let dockerSchema1 = [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ]

    /// What a client says that does not know better: as good as no type.
    static let generic = ["application/json", "application/octet-stream"]

    /// Whether a layer of this type need not be in the registry: its bytes come from elsewhere.
    public static func isExternal(_ layer: String) -> Bool {
        layer.hasPrefix("application/vnd.docker.image.rootfs.foreign.")
            || layer.hasPrefix("application/vnd.oci.image.layer.nondistributable.")
    }

    /// Whether content of this type is a manifest or index; an index may also name blobs, as the
    /// caches of BuildKit do.
    public static func isManifest(_ mediaType: String) -> Bool {
        [ociManifest, ociIndex, dockerManifest, dockerList].contains(mediaType)
    }

    /// The same type, as the one text of it that all contents share when it is one of those above.
    public static func shared(_ mediaType: String) -> String {
        [ociManifest, ociIndex, dockerManifest, dockerList].first { $0 == mediaType } ?? mediaType
    }

    /// The type without parameters and the white space around it, in lower case (RFC 9110, 8.3.1).
    public static func essence(_ field: String) -> String {
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var type = field.utf8.prefix { $0 != UInt8(ascii: ";") }.drop(while: isBlank)
        while let last = type.last, isBlank(last) { type = type.dropLast() }
        return String(
            decoding: type.map { byte in
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
            },
            as: UTF8.self
        )
    }
}
