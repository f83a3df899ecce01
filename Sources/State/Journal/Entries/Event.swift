// SPDX-License-Identifier: Apache-2.0

public import OCI
public import Platform

/// Which journal a kind of event belongs to, for ever.
public enum Scope: UInt8, Sendable, CaseIterable, Hashable {
    /// What must be writable while other regions are away.
    case region = 1
    /// What the whole estate must agree on.
    case estate = 2
}

/// An epoch of the sweep that was current when a copy was stored.
public struct Generation: Hashable, Comparable, Sendable {
    /// The number; the first is 2, so that F-2 is never negative.
    public var number: UInt64
    /// Makes a generation.
    public init(_ number: UInt64) { self.number = number }
    /// The first one.
    public static let first = Generation(2)
    /// By number.
    public static func < (left: Generation, right: Generation) -> Bool {
        left.number < right.number
    }
}

/// A repository as events name it: the namespace by its id, the rest of the name as text.
///
/// `path` is the whole repository name without the first component and its slash; empty for a
/// repository whose name has one component.
public struct RepositoryKey: Hashable, Comparable, Sendable {
    /// The namespace.
    public var namespace: Identifier
    /// The rest of the name.
    public var path: String
    /// Makes a key.
    public init(namespace: Identifier, path: String) {
        self.namespace = namespace
        self.path = path
    }
    /// By namespace id, then bytes of the path.
    public static func < (left: RepositoryKey, right: RepositoryKey) -> Bool {
        left.namespace == right.namespace
            ? left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
            : left.namespace < right.namespace
    }
}

/// Why one manifest names another piece of content.
public enum ReferenceRole: UInt8, Sendable, Hashable {
    case config = 1
    case layer = 2
    case child = 3
    /// A layer the registry does not have to hold (foreign, non-distributable): not checked, not kept.
    case external = 4

    /// Whether what is named is linked as a blob, and must be there.
    public var isBlob: Bool { self == .config || self == .layer }
}

/// A digest that a manifest names.
public struct ManifestReference: Hashable, Sendable {
    /// Why.
    public var role: ReferenceRole
    /// What.
    public var digest: Digest
    /// Makes a reference.
    public init(role: ReferenceRole, digest: Digest) {
        self.role = role
        self.digest = digest
    }
}

/// What a manifest is, as far as the catalog must know without reading it.
public struct ManifestFacts: Hashable, Sendable {
    /// Its digest.
    public var digest: Digest
    /// Its length in bytes.
    public var size: UInt64
    /// The generation its bytes were stored under.
    public var generation: Generation
    /// Its media type, as the client sent it.
    public var mediaType: String
    /// Its artifact type: the field, else the config's media type for image manifests; or nil.
    public var artifactType: String?
    /// The manifest it says it is about.
    public var subject: Digest?
    /// What it names, without duplicates, in the order of first appearance.
    public var references: [ManifestReference]

    /// Makes the facts.
    public init(
        digest: Digest,
        size: UInt64,
        generation: Generation,
        mediaType: String,
        artifactType: String?,
        subject: Digest?,
        references: [ManifestReference]
    ) {
        self.digest = digest
        self.size = size
        self.generation = generation
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.subject = subject
        self.references = references
    }
}

/// One outcome of a change; outcomes are applied, never decided again.
public enum Event: Hashable, Sendable {
    // Region kinds.
    /// The repository may see this blob (uploaded or mounted).
    ///
    /// `expires`, in milliseconds since 1970, is when that ends unless a live manifest of the repository
    /// names the blob; 0 where it was not said yet.
    case blobLinked(RepositoryKey, Digest, size: UInt64, Generation, expires: UInt64 = 0)
    /// The repository no longer sees this blob.
    case blobUnlinked(RepositoryKey, Digest)
    /// The repository has this manifest; re-asserts everything it names.
    case manifestPut(RepositoryKey, ManifestFacts)
    /// The repository no longer has this manifest.
    case manifestDeleted(RepositoryKey, Digest)
    /// The repository no longer has this manifest, but its trash keeps it until `until`, with all the
    /// blobs it names.
    ///
    /// Links that no manifest of the repository names any more end at `linksUntil`. Both in milliseconds
    /// since 1970.
    case manifestTrashed(RepositoryKey, Digest, until: UInt64, linksUntil: UInt64)
    /// The repository's trash lets go of this manifest.
    case manifestPurged(RepositoryKey, Digest)
    /// This manifest was pulled on this day, counted from 1970-01-01 UTC.
    case manifestPulled(RepositoryKey, Digest, day: UInt32)
    /// The tag is this digest.
    case tagPut(RepositoryKey, Tag, Digest)
    /// The tag is gone.
    case tagDeleted(RepositoryKey, Tag)
    /// The sweep epoch is this number from here on.
    case sweepEpochRaised(UInt64)
    /// What was to end by this time, in milliseconds since 1970, may be ended.
    case expiryReached(UInt64)
    /// Why the entry was made: the rule with its numbers, the operator's words, or which deletion it is a step of.
    case reasonGiven(String)
    /// The journal goes on under another sequencer, which this text names.
    case regionHandover(String)
    /// Entries of the region journal may use this level from here on.
    case regionLevelRaised(UInt32)

    // Estate kinds.
    /// The namespace of this id has this name.
    case namespaceCreated(Identifier, name: String)
    /// The namespace's repositories are tidied by this policy, JSON as its owner wrote it; empty for none.
    case retentionPolicySet(Identifier, policy: String)
    /// The journal goes on under another sequencer, which this text names.
    case estateHandover(String)
    /// Entries of the estate journal may use this level from here on.
    case estateLevelRaised(UInt32)

    /// The journal this kind belongs to.
    public var scope: Scope {
        switch self {
        case .blobLinked, .blobUnlinked, .manifestPut, .manifestDeleted, .manifestTrashed,
            .manifestPurged, .manifestPulled, .tagPut, .tagDeleted, .sweepEpochRaised,
            .expiryReached, .reasonGiven, .regionHandover, .regionLevelRaised:
            .region
        case .namespaceCreated, .retentionPolicySet, .estateHandover, .estateLevelRaised: .estate
        }
    }

    /// The repository it is about; nil where it is about none.
    public var repository: RepositoryKey? {
        switch self {
        case .blobLinked(let key, _, _, _, _), .blobUnlinked(let key, _), .manifestPut(let key, _),
            .manifestDeleted(let key, _), .manifestTrashed(let key, _, _, _),
            .manifestPurged(let key, _), .manifestPulled(let key, _, _), .tagPut(let key, _, _),
            .tagDeleted(let key, _):
            key
        case .sweepEpochRaised, .expiryReached, .reasonGiven, .regionHandover, .regionLevelRaised,
            .namespaceCreated, .retentionPolicySet, .estateHandover, .estateLevelRaised:
            nil
        }
    }
}
