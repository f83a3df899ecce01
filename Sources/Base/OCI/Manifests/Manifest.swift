// SPDX-License-Identifier: Apache-2.0

public import JSON

/// A manifest or index as a client sent it, and what a registry reads in it.
///
/// The bytes are kept as they came; this view is never written out again.
public struct Manifest: Sendable {
    /// Whether it names layers or other manifests.
    public enum Kind: Sendable, Hashable {
        case image
        case index
    }

    /// A named piece of content (image-spec, descriptor.md).
    public struct Descriptor: Hashable, Sendable {
        /// What it is.
        public var mediaType: String
        /// Its digest.
        public var digest: Digest
        /// Its length in bytes.
        public var size: UInt64
    }

    /// What bounds a manifest besides its size.
    public struct Limits: Sendable {
        /// The most descriptors: at 65 bytes each an entry naming them stays below 1 MiB.
        public var referencesMax = 10_000
        /// The deepest nesting of its JSON.
        public var depthMax = JSONLimits().depthMax
        /// The most values of its JSON.
        public var valuesMax = JSONLimits().valuesMax
        /// Makes the default limits.
        public init() {}
    }

    /// Images or lists.
    public var kind: Kind
    /// The type it is served as.
    public var mediaType: String
    /// The `artifactType` field, else, for an image manifest, the config's media type; or nil.
    public var artifactType: String?
    /// The manifest it is about.
    public var subject: Descriptor?
    /// The config of an image.
    public var config: Descriptor?
    /// The layers of an image.
    public var layers: [Descriptor]
    /// The manifests of an index.
    public var children: [Descriptor]
    /// Its annotations, in the order of the text.
    public var annotations: [(key: String, value: String)]

    /// Every digest it names besides its subject, in the order of first appearance.
    public var references: [Descriptor] {
        (config.map { [$0] } ?? []) + layers + children
    }
}

/// Why bytes are not a manifest that a registry keeps.
public enum ManifestError: Error, Hashable, Sendable {
    /// They are not JSON, or not strictly.
    case notJSON(JSONError)
    /// Docker's schema 1, which no client needs any more.
    case schema1
    /// A field is missing or has a value it may not have; the sentence names it.
    case invalid(String)
    /// The `Content-Type` and the `mediaType` field differ.
    case typeMismatch(header: String, field: String)
    /// More descriptors than the limit.
    case tooManyReferences(limit: Int)

    /// What is wrong and what to do about it.
    public var sentence: String {
        switch self {
        case .notJSON(let error): "the manifest is not strict JSON: \(error)"
        case .schema1:
            "Docker image manifest schema 1 is not supported: build or convert the image with a "
                + "client that pushes schema 2 or OCI manifests (any Docker since 1.10)"
        case .invalid(let sentence): sentence
        case .typeMismatch(let header, let field):
            "Content-Type is '\(header)' but the manifest's mediaType is '\(field)'; they must agree"
        case .tooManyReferences(let limit): "the manifest names more than \(limit) descriptors"
        }
    }
}
