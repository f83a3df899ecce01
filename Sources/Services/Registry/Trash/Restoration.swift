// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Manifests and tags that are to come back from the trash in one entry.
public struct Restoration: Sendable, Hashable {
    /// A tag that is to be something that it was.
    public struct TagReturn: Sendable, Hashable {
        /// The tag.
        public var tag: Tag
        /// What it was.
        public var digest: Digest
        /// What it was seen to be, nil for nothing; if it is something else by now, it stays.
        public var replacing: Digest?
    }

    /// The manifests, each after those it names.
    public var manifests: [Digest] = []
    /// The tags.
    public var tags: [TagReturn] = []
    /// Whether tags that are something else by now stay so; else one of them refuses everything.
    public var leavesTaken = false
    /// Why, in the operator's words.
    public var reason: String
}

/// What came back from the trash.
public struct Restored: Sendable, Hashable {
    /// A tag that stays what it is.
    public struct TakenTag: Sendable, Hashable {
        /// The tag.
        public var tag: Tag
        /// What it is.
        public var current: Digest
    }

    /// The manifests, those that are named before those that name them.
    public var manifests: [Digest] = []
    /// The tags.
    public var tags: [Restoration.TagReturn] = []
    /// Tags that would have come back too, were they free.
    public var taken: [TakenTag] = []
    /// Manifests that would have come back too, were anything left of what they name.
    public var left: [Digest] = []

    /// Whether tags or referrers that another step of the same deletion took may be missing: it lies too far
    /// off.
    public var mayLackTags = false

    /// Whether nothing came back.
    var isEmpty: Bool { manifests.isEmpty && tags.isEmpty }

    /// Takes in what came back after this.
    mutating func add(_ later: Restored) {
        manifests += later.manifests
        tags += later.tags
        let (takenBefore, leftBefore) = (Set(taken.map(\.tag)), Set(left))
        taken += later.taken.filter { !takenBefore.contains($0.tag) }
        left += later.left.filter { !leftBefore.contains($0) }
        mayLackTags = mayLackTags || later.mayLackTags
    }
}

/// A repository from which something can be had back.
public struct TrashedRepository: Sendable, Hashable {
    /// Its number in this catalog, which pages go by.
    public var number: Int64
    /// Its name.
    public var name: RepositoryName
    /// Manifests in its trash.
    public var manifests: UInt64
    /// Tags that were deleted or overwritten, and can be what they were again.
    public var tags: UInt64
}

/// What a step of a repository's deletion says of itself in its entry.
enum RepositoryEnding: String {
    /// More steps followed.
    case inPart = "repository deleted in part"
    /// Nothing was left after it.
    case whole = "repository deleted"
}

/// What a step of a manifest's deletion says of itself in its entry if more steps follow: which deletion it
/// belongs to, for tags and referrers go before the manifest.
enum DeletionStep {
    private static let words = "deleted in part with "

    /// What the entry says.
    static func reason(_ root: Digest) -> String { words + root.description }

    /// The manifest that was to be deleted; nil where the words are others.
    static func root(_ reason: String) -> Digest? {
        guard reason.hasPrefix(words) else { return nil }
        return Digest(String(reason.dropFirst(words.count)))
    }
}
