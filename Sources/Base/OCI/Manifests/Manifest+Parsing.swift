// SPDX-License-Identifier: Apache-2.0

import JSON

extension Manifest {
    /// Reads a manifest sent as `contentType` (nil when the client named none).
    ///
    /// The caller has bounded the size. Parameters of the type are ignored.
    public static func parse(
        _ bytes: [UInt8],
        contentType: String?,
        limits: Limits = Limits()
    ) throws(ManifestError) -> Manifest {
        let header = contentType.map(MediaType.essence).flatMap { type in
            type.isEmpty || MediaType.generic.contains(type) ? nil : type
        }
        guard header.map(MediaType.dockerSchema1.contains) != true else { throw .schema1 }
        let root = try document(bytes, limits)
        guard root["schemaVersion"]?.integer != 1, !has(root, "fsLayers") else { throw .schema1 }
        guard root["schemaVersion"]?.integer == 2 else {
            throw .invalid("schemaVersion must be 2")
        }
        let field = try text(root, "mediaType").map(MediaType.essence)
        if let field, let header, field != header {
            throw .typeMismatch(header: header, field: field)
        }
        let kind = try kind(of: root, mediaType: field ?? header)
        let fallback = kind == .index ? MediaType.ociIndex : MediaType.ociManifest
        var manifest = Manifest(
            kind: kind,
            mediaType: field ?? header ?? fallback,
            artifactType: try text(root, "artifactType"),
            subject: nil,
            config: nil,
            layers: [],
            children: [],
            annotations: try annotations(root)
        )
        if let subject = root["subject"], subject != .null {
            manifest.subject = try descriptor(subject, "subject")
        }
        try manifest.readContent(root, limits)
        return manifest
    }

    private mutating func readContent(
        _ root: JSONValue,
        _ limits: Limits
    ) throws(ManifestError) {
        switch kind {
        case .image:
            guard let config = root["config"] else { throw .invalid("config is missing") }
            let read = try Manifest.descriptor(config, "config")
            self.config = read
            layers = try Manifest.descriptors(root, "layers", limits)
            if artifactType == nil { artifactType = read.mediaType }
        case .index:
            children = try Manifest.descriptors(root, "manifests", limits)
        }
    }

    private static func document(
        _ bytes: [UInt8],
        _ limits: Limits
    ) throws(ManifestError) -> JSONValue {
        var shape = JSONLimits()
        shape.sizeMax = bytes.count
        shape.depthMax = limits.depthMax
        shape.valuesMax = limits.valuesMax
        let root: JSONValue
        do { root = try JSONValue.parse(bytes, limits: shape) } catch { throw .notJSON(error) }
        guard root.members != nil else { throw .invalid("a manifest is a JSON object") }
        try requireSpelling(root, manifestKeys, "the manifest")
        return root
    }

    private static let manifestKeys = KnownKeys([
        "schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject",
        "annotations", "fsLayers",
    ])
    private static let descriptorKeys = KnownKeys([
        "mediaType", "digest", "size", "urls", "artifactType",
    ])

    private static func requireSpelling(
        _ value: JSONValue,
        _ known: KnownKeys,
        _ place: String
    ) throws(ManifestError) {
        for member in value.members ?? [] {
            if let meant = known.meant(by: member.key) {
                throw .invalid("\(place) has the key '\(member.key)', which must be '\(meant)'")
            }
        }
    }

    private static func has(_ root: JSONValue, _ key: String) -> Bool {
        root[key].map { $0 != .null } ?? false
    }

    /// What the media type says, which the fields must agree with; a manifest that could be read as
    /// either is refused, because two clients would read two things.
    private static func kind(
        of root: JSONValue,
        mediaType: String?
    ) throws(ManifestError) -> Kind {
        let hasLayers = has(root, "layers") || has(root, "config")
        let hasChildren = has(root, "manifests")
        guard !(hasLayers && hasChildren) else {
            throw .invalid("a manifest with both manifests and config or layers is ambiguous")
        }
        switch mediaType {
        case MediaType.ociManifest, MediaType.dockerManifest:
            guard !hasChildren else { throw .invalid("an image manifest has no manifests") }
            return .image
        case MediaType.ociIndex, MediaType.dockerList:
            guard !hasLayers else { throw .invalid("an index has no config or layers") }
            return .index
        case nil:
            guard hasLayers || hasChildren else {
                throw .invalid("neither layers nor manifests: this is no image manifest or index")
            }
            return hasChildren ? .index : .image
        case let other?:
            throw .invalid(
                "'\(other)' is not a manifest type; push an OCI manifest or index with artifactType"
            )
        }
    }

    private static func descriptors(
        _ root: JSONValue,
        _ key: String,
        _ limits: Limits
    ) throws(ManifestError) -> [Descriptor] {
        // Clients written in Go send an empty list as null.
        guard let value = root[key], let elements = value == .null ? [] : value.array else {
            throw .invalid("\(key) must be an array of descriptors")
        }
        guard elements.count <= limits.referencesMax else {
            throw .tooManyReferences(limit: limits.referencesMax)
        }
        var read: [Descriptor] = []
        read.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            read.append(try descriptor(element, "\(key)[\(index)]"))
        }
        return read
    }

    private static func descriptor(
        _ value: JSONValue,
        _ place: String
    ) throws(ManifestError) -> Descriptor {
        guard value.members != nil else { throw .invalid("\(place) must be a descriptor") }
        try requireSpelling(value, descriptorKeys, place)
        guard let mediaType = value["mediaType"]?.string, !mediaType.isEmpty,
            mediaType.utf8.count <= MediaType.lengthMax
        else { throw .invalid("\(place).mediaType is missing or too long") }
        guard let digest = value["digest"]?.string.flatMap({ Digest($0) }) else {
            throw .invalid("\(place).digest must be sha256 or sha512 and lower-case hexadecimal")
        }
        guard let size = value["size"]?.integer, size >= 0 else {
            throw .invalid("\(place).size must be a number of bytes")
        }
        return Descriptor(mediaType: mediaType, digest: digest, size: UInt64(size))
    }

    private static func text(
        _ root: JSONValue,
        _ key: String
    ) throws(ManifestError) -> String? {
        guard let value = root[key], value != .null else { return nil }
        guard let text = value.string else { throw .invalid("\(key) must be a string") }
        guard text.utf8.count <= MediaType.lengthMax else {
            throw .invalid("\(key) is longer than \(MediaType.lengthMax) bytes")
        }
        return text.isEmpty ? nil : text
    }

    private static func annotations(
        _ root: JSONValue
    ) throws(ManifestError) -> [(key: String, value: String)] {
        guard let value = root["annotations"], value != .null else { return [] }
        guard let members = value.members else {
            throw .invalid("annotations must be an object of strings")
        }
        var read: [(key: String, value: String)] = []
        for member in members {
            guard let text = member.value.string else {
                throw .invalid("annotations['\(member.key)'] must be a string")
            }
            read.append((member.key, text))
        }
        return read
    }
}
