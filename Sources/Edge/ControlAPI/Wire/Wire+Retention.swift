// SPDX-License-Identifier: Apache-2.0

extension Wire {
    /// The policies that are set, and where retention stands.
    public struct Retention: Codable, Equatable, Sendable {
        /// In order of namespace.
        public var policies: [RetentionPolicy]
        /// Whether a run is under way.
        public var isRunning: Bool
        /// The newest run that reached its end, since the start.
        public var round: RetentionRound?
        /// Seconds since it ended.
        public var roundSecondsAgo: Int?
    }

    /// What a namespace keeps.
    public struct RetentionPolicy: Codable, Equatable, Sendable {
        /// The namespace's name.
        public var namespace: String
        /// The policy, as JSON; nil for one that cannot be read.
        public var policy: String?
        /// Why it cannot be read.
        public var problem: String?
    }

    /// What a run would do.
    public struct RetentionPlan: Codable, Equatable, Sendable {
        /// Images, first those that go; at most `pageMax`.
        public var images: [RetentionImage]
        /// How many go.
        public var removed: UInt64
        /// How many stay.
        public var kept: UInt64
        /// Manifests of those that go.
        public var manifests: UInt64
        /// Bytes that these name, those that others name too included.
        public var bytes: UInt64
        /// Repositories with too many manifests, which a run leaves; at most `pageMax`.
        public var tooLarge: [String]
        /// Namespaces whose policy cannot be read, which a run leaves; at most `pageMax`.
        public var unreadable: [String]
        /// Repositories that could not be read, and namespaces whose repositories could not be listed; at most
        /// `pageMax`.
        public var failed: [RetentionFailure]
        /// How many more there are than these lists have.
        public var unlisted: UInt64
    }

    /// An image, and what becomes of it.
    public struct RetentionImage: Codable, Equatable, Sendable {
        /// Its repository.
        public var repository: String
        /// Its manifest.
        public var digest: String
        /// Its tags.
        public var tags: [String]
        /// Whether it goes.
        public var goes: Bool
        /// The rule and its numbers.
        public var reason: String
        /// Bytes that it names.
        public var bytes: UInt64
        /// Manifests it has.
        public var manifests: Int
    }

    /// Something that a run or a plan did not come to the end of.
    public struct RetentionFailure: Codable, Equatable, Sendable {
        /// The repository, or the namespace whose repositories could not be listed.
        public var name: String
        /// Why.
        public var cause: String
    }

    /// What a run did.
    public struct RetentionRound: Codable, Equatable, Sendable {
        /// Repositories that a policy is about.
        public var repositories: UInt64
        /// Images looked at.
        public var images: UInt64
        /// Images that went to the trash.
        public var removed: UInt64
        /// Images of which a part went: the others of their manifests were changed or pulled meanwhile.
        public var partly: UInt64
        /// Manifests that went to the trash.
        public var manifests: UInt64
        /// Bytes that the images name which went as a whole, those that others name too included.
        public var bytes: UInt64
        /// Images that stayed, for they were changed or pulled meanwhile.
        public var changed: UInt64
        /// Repositories left out, for they have too many manifests; at most 1,000.
        public var tooLarge: [String]
        /// Namespaces whose policy cannot be read; at most 1,000.
        public var unreadable: [String]
        /// Namespaces whose policy was set or taken away meanwhile, at most 1,000; what was left of them waits for
        /// the next run.
        public var superseded: [String]
        /// How many more there were than these three lists have.
        public var unlisted: UInt64
        /// The first of what failed and is tried again by the next run.
        public var failed: [RetentionFailure]
        /// How many failed.
        public var failures: UInt64
        /// Whether it was broken off by the server's stop.
        public var isBrokenOff: Bool
    }
}
