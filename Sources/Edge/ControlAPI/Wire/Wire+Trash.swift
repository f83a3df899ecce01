// SPDX-License-Identifier: Apache-2.0

extension Wire {
    /// The longest reason an entry keeps, in bytes.
    public static let reasonMax = 512

    /// Repositories from which something can be had back.
    public struct Trash: Codable, Equatable, Sendable {
        /// In the order in which they were first named.
        public var repositories: [TrashedRepository]
        /// What the next page is asked for with, as `after`; nil on the last.
        public var next: String?
    }

    /// One of them.
    public struct TrashedRepository: Codable, Equatable, Sendable {
        /// Its name.
        public var name: String
        /// Manifests in its trash.
        public var manifests: UInt64
        /// Tags that were deleted or overwritten, and can be what they were again.
        public var tags: UInt64
    }

    /// A page of the manifests in a repository's trash.
    public struct TrashedManifests: Codable, Equatable, Sendable {
        /// In the order of their digests.
        public var manifests: [TrashedManifest]
        /// What the next page is asked for with, as `after`; nil on the last.
        public var next: String?
    }

    /// A manifest in the trash.
    public struct TrashedManifest: Codable, Equatable, Sendable {
        /// Its digest.
        public var digest: String
        /// Its media type.
        public var mediaType: String
        /// Its length in bytes.
        public var size: UInt64
        /// The manifest it is about.
        public var subject: String?
        /// When it was deleted, in milliseconds since 1970.
        public var deleted: UInt64
        /// When the trash lets go of it, in milliseconds since 1970.
        public var until: UInt64
        /// The region journal's position that deleted it.
        public var position: UInt64
    }

    /// A page of the values that tags of a repository had.
    public struct TrashedTags: Codable, Equatable, Sendable {
        /// By tag, then in the order in which they ended.
        public var tags: [TrashedTag]
        /// What the next page is asked for with, as `after`; nil on the last.
        public var next: String?
    }

    /// A value that a tag had.
    public struct TrashedTag: Codable, Equatable, Sendable {
        /// The tag.
        public var tag: String
        /// What it was.
        public var digest: String
        /// Whether it was deleted, and not overwritten.
        public var isDeleted: Bool
        /// When it ended, in milliseconds since 1970.
        public var ended: UInt64
        /// The region journal's position that ended it.
        public var position: UInt64
    }

    /// A whole repository's trash.
    public struct RepositoryTrash: Codable, Equatable, Sendable {
        /// Manifests.
        public var manifests: [TrashedManifest]
        /// Values of tags.
        public var tags: [TrashedTag]

        /// Puts its pages together.
        public init(manifests: [TrashedManifest], tags: [TrashedTag]) {
            self.manifests = manifests
            self.tags = tags
        }
    }

    /// What came back from the trash; each list has at most `pageMax` of them.
    public struct Restored: Codable, Equatable, Sendable {
        /// One sentence.
        public var summary: String
        /// Digests of manifests.
        public var manifests: [String]
        /// Tags.
        public var tags: [String]
        /// Tags that are something else now and stay so.
        public var taken: [TakenTag]
        /// Digests of manifests of which something is gone.
        public var left: [String]
        /// Whether tags or referrers that the same deletion took may be missing: its other steps lie too far off.
        public var mayLackTags: Bool
    }

    /// A tag that could not come back.
    public struct TakenTag: Codable, Equatable, Sendable {
        /// The tag.
        public var tag: String
        /// What it is now.
        public var digest: String
    }

    /// What a purge did.
    public struct Purged: Codable, Equatable, Sendable {
        /// The manifest.
        public var digest: String
        /// When the last link ends of what it alone named, in milliseconds since 1970; nil when there is none.
        public var linksUntil: UInt64?
        /// About when the sweep has freed the bytes that nothing else names if its rounds are short, in
        /// milliseconds since 1970; nil while it is paused.
        public var goneBy: UInt64?
    }

    /// The clock that decides what has ended.
    public struct Clock: Codable, Equatable, Sendable {
        /// What it shows, in milliseconds since 1970.
        public var time: UInt64
        /// How far the node's clock is ahead while it is not believed, in milliseconds; nil while it is.
        public var ahead: UInt64?
    }
}
