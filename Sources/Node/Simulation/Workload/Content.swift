// SPDX-License-Identifier: Apache-2.0

import Crypto
public import OCI

/// What a simulation's clients push: a few blobs and manifests that follow from the seed.
///
/// Few, so that clients meet: the same digest pushed twice at once, a tag moved by two, a blob
/// mounted while it is deleted.
public struct Content: Sendable {
    /// A blob.
    public struct Blob: Sendable {
        /// Its bytes.
        public var bytes: [UInt8]
        /// Their digest.
        public var digest: Digest
    }

    /// A manifest.
    public struct Manifest: Sendable {
        /// Its bytes.
        public var bytes: [UInt8]
        /// Their digest.
        public var digest: Digest
        /// Its media type.
        public var mediaType: String
        /// Its artifact type, where it has one of its own.
        public var artifactType: String?
        /// The blobs it names.
        public var blobs: [Digest]
        /// The manifests it names as children.
        public var children: [Digest]
        /// The manifest it says it is about.
        public var subject: Digest?
    }

    /// The repositories clients use.
    public let repositories: [RepositoryName]
    /// The tags clients use.
    public let tags: [Tag]
    /// All blobs.
    public let blobs: [Blob]
    /// All manifests, children before the indexes that name them.
    public let manifests: [Manifest]
    /// What is done with it more often than other things.
    let habits: Habits

    /// Lengths that matter: none, one, about a sector, about a page, several pieces.
    private static let sizes = [0, 1, 511, 512, 513, 4096, 9000, 40_000, 70_000]

    /// Makes the content of one seed.
    public init(_ generator: inout SeededGenerator) {
        repositories = ["alpha", "alpha/web", "beta/db", "beta/db/deep"].compactMap {
            RepositoryName($0)
        }
        tags = ["latest", "v1", "v2", "1.10"].compactMap { Tag($0) }
        var blobs: [Blob] = []
        for index in 0..<12 {
            let bytes = generator.bytes(Content.sizes[index % Content.sizes.count])
            let algorithm: Digest.Algorithm = index % 5 == 4 ? .sha512 : .sha256
            blobs.append(Blob(bytes: bytes, digest: .of(bytes, algorithm)))
        }
        self.blobs = blobs
        var manifests: [Manifest] = []
        for index in 0..<7 {
            manifests.append(Content.image(index, blobs, &generator))
        }
        for index in 0..<2 {
            manifests.append(Content.index(index, [manifests[index], manifests[index + 1]]))
        }
        for index in 0..<3 {
            let subject = manifests[index * 3]
            manifests.append(Content.artifact(index, subject: subject, blobs, &generator))
        }
        // An artifact about an artifact: what is deleted along goes further than one step.
        manifests.append(Content.artifact(3, subject: manifests[9], blobs, &generator))
        self.manifests = manifests
        habits = Habits(&generator)
    }

    /// The blob with that digest.
    public func blob(_ digest: Digest) -> Blob? { blobs.first { $0.digest == digest } }

    /// The manifest with that digest.
    public func manifest(_ digest: Digest) -> Manifest? {
        manifests.first { $0.digest == digest }
    }

    /// Every manifest that is about `digest`, or about one that is, in order.
    public func referrers(of digest: Digest) -> [Manifest] {
        let direct = manifests.filter { $0.subject == digest }
        return direct + direct.flatMap { referrers(of: $0.digest) }
    }

    // MARK: - Making manifests

    private static func image(
        _ index: Int,
        _ blobs: [Blob],
        _ generator: inout SeededGenerator
    ) -> Manifest {
        let isDocker = index % 3 == 2
        let type = isDocker ? MediaType.dockerManifest : MediaType.ociManifest
        let config = generator.pick(blobs)
        var layers: [Blob] = []
        for _ in 0..<generator.within(1...3) { layers.append(generator.pick(blobs)) }
        let layerType = "application/vnd.oci.image.layer.v1.tar"
        let descriptors = layers.map { descriptor(layerType, $0) }.joined(separator: ",")
        let text = """
            {"schemaVersion":2,"mediaType":"\(type)",\
            "config":\(descriptor("application/vnd.oci.image.config.v1+json", config)),\
            "layers":[\(descriptors)],"annotations":{"number":"\(index)"}}
            """
        return manifest(text, type, nil, ([config] + layers).map(\.digest), [], nil)
    }

    private static func index(_ index: Int, _ children: [Manifest]) -> Manifest {
        let type = index == 0 ? MediaType.ociIndex : MediaType.dockerList
        let descriptors = children.map { child in
            """
            {"mediaType":"\(child.mediaType)","digest":"\(child.digest)",\
            "size":\(child.bytes.count),"platform":{"os":"linux","architecture":"amd64"}}
            """
        }.joined(separator: ",")
        let text = """
            {"schemaVersion":2,"mediaType":"\(type)","manifests":[\(descriptors)],\
            "annotations":{"number":"\(index)"}}
            """
        return manifest(text, type, nil, [], children.map(\.digest), nil)
    }

    private static func artifact(
        _ index: Int,
        subject: Manifest,
        _ blobs: [Blob],
        _ generator: inout SeededGenerator
    ) -> Manifest {
        let type = MediaType.ociManifest
        let artifactType = "application/vnd.example.\(index % 2 == 0 ? "sbom" : "signature")"
        let config = generator.pick(blobs)
        let layer = generator.pick(blobs)
        let text = """
            {"schemaVersion":2,"mediaType":"\(type)","artifactType":"\(artifactType)",\
            "config":\(descriptor("application/vnd.oci.empty.v1+json", config)),\
            "layers":[\(descriptor("application/octet-stream", layer))],\
            "subject":{"mediaType":"\(subject.mediaType)","digest":"\(subject.digest)",\
            "size":\(subject.bytes.count)},"annotations":{"number":"\(index)"}}
            """
        return manifest(
            text,
            type,
            artifactType,
            [config.digest, layer.digest],
            [],
            subject.digest
        )
    }

    private static func descriptor(_ type: String, _ blob: Blob) -> String {
        #"{"mediaType":"\#(type)","digest":"\#(blob.digest)","size":\#(blob.bytes.count)}"#
    }

    private static func manifest(
        _ text: String,
        _ mediaType: String,
        _ artifactType: String?,
        _ blobs: [Digest],
        _ children: [Digest],
        _ subject: Digest?
    ) -> Manifest {
        let bytes = Array(text.utf8)
        var distinct: [Digest] = []
        for blob in blobs where !distinct.contains(blob) { distinct.append(blob) }
        return Manifest(
            bytes: bytes,
            digest: .of(bytes),
            mediaType: mediaType,
            artifactType: artifactType,
            blobs: distinct,
            children: children,
            subject: subject
        )
    }
}
