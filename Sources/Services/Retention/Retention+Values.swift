// SPDX-License-Identifier: Apache-2.0

public import OCI
public import Registry

extension Retention {
    /// A namespace and what it keeps.
    public struct NamespacePolicy: Sendable {
        /// The namespace's name.
        public var namespace: String
        /// Its policy, or why the one that was set cannot be read.
        public var policy: Result<Policy, PolicyError>
    }

    /// What a run would do with a repository.
    public struct RepositoryPlan: Sendable {
        /// Which.
        public var repository: RepositoryName
        /// Its images, those that stay and those that go.
        public var plan: Plan
    }

    /// An image that a run removes.
    public struct Removed: Sendable {
        /// Where.
        public var repository: RepositoryName
        /// Which, and why.
        public var removal: Plan.Removal
    }

    /// What became of an image that was to go.
    public enum Ending: Hashable, Sendable {
        /// It is in the trash.
        case removed
        /// It was changed or pulled meanwhile, or the policy was changed.
        case stayed
        /// So many of its manifests are in the trash; the others stayed, as a whole image does.
        case partly(manifests: Int)
        /// The run was broken off, perhaps after a part of it went.
        case unknown
    }

    /// Told of each image that is to go, before and after.
    public struct Observer: Sendable {
        /// Called just before it is submitted.
        public var willRemove: @Sendable (Removed) -> Void
        /// Called when that has ended.
        public var didEnd: @Sendable (Removed, Ending) -> Void

        /// Makes an observer.
        public init(
            willRemove: @escaping @Sendable (Removed) -> Void = { _ in },
            didEnd: @escaping @Sendable (Removed, Ending) -> Void
        ) {
            self.willRemove = willRemove
            self.didEnd = didEnd
        }
    }

    /// What one run did.
    public struct Round: Hashable, Sendable {
        /// Repositories that a policy is about.
        public var repositories: UInt64 = 0
        /// Images looked at.
        public var images: UInt64 = 0
        /// Images that went to the trash.
        public var removed: UInt64 = 0
        /// Images of which a part went: the others of their manifests were changed or pulled meanwhile.
        public var partly: UInt64 = 0
        /// Manifests that went to the trash.
        public var manifests: UInt64 = 0
        /// Bytes that the images name which went as a whole, those that others name too included.
        public var bytes: UInt64 = 0
        /// Images that were to go and stayed, for somebody changed or pulled them meanwhile.
        public var changed: UInt64 = 0
        /// Repositories that were left out, for they have more manifests than a run looks at; at most `listedMax`.
        public var tooLarge: [RepositoryName] = []
        /// Namespaces whose policy cannot be read; at most `listedMax`.
        public var unreadable: [String] = []
        /// Namespaces whose policy was set or taken away meanwhile, at most `listedMax`; what was left of them waits
        /// for the next run.
        public var superseded: [String] = []
        /// How many more of these there were than the three lists have.
        public var unlisted: UInt64 = 0
        /// The newest of the namespaces whose policy was changed, listed or not.
        var supersededNow: String?
        /// The first of what failed, at most `failedMax`.
        public var failed: [Failure] = []
        /// How many repositories, and lists of a namespace's repositories, failed; the next run tries them again.
        public var failures: UInt64 = 0
        /// Whether it ended because the process stops.
        public var isBrokenOff = false

        /// Repositories or namespaces that each list names.
        public static let listedMax = 1000
        /// Failures that a round names.
        static let failedMax = 100

        /// Adds to a list, or counts what it has no room for.
        mutating func list<Name>(_ name: Name, in list: WritableKeyPath<Self, [Name]>) {
            guard self[keyPath: list].count < Round.listedMax else {
                unlisted += 1
                return
            }
            self[keyPath: list].append(name)
        }

        /// Something that a round did not come to the end of.
        public struct Failure: Hashable, Sendable {
            /// A repository, or a namespace whose repositories could not be listed.
            public var name: String
            /// Why.
            public var cause: String
        }
    }

    /// What a plan says nothing of, because a run leaves it as it is, or because it cannot.
    public enum Left: Hashable, Sendable {
        /// A repository that has more manifests than a run looks at.
        case tooLarge(RepositoryName)
        /// A namespace whose policy cannot be read.
        case unreadable(String)
        /// A repository that cannot be read, or a namespace whose repositories cannot be listed.
        case failed(Round.Failure)
    }

    /// Where it stands.
    public struct Status: Sendable {
        /// Whether a run is under way.
        public var isRunning: Bool
        /// The newest run that reached its end, since the start.
        public var round: Round?
        /// Time since it ended.
        public var sinceRound: Duration?
        /// Images that went since the start.
        public var removed: UInt64
        /// Bytes of these.
        public var removedBytes: UInt64
        /// Runs that failed since the start, as a whole or in some repository.
        public var failed: UInt64
    }
}

/// Why a run or a plan ended early; what it did stays done.
public enum RetentionError: Error, Sendable {
    /// A run is under way already.
    case busy
    /// There is no such namespace.
    case namespaceUnknown(String)
    /// The namespace has no policy.
    case noPolicy(String)
    /// Its policy cannot be read: an earlier or later version wrote it.
    case unreadable(String, PolicyError)
    /// Some pulls of today could not be noted, so nobody knows what is in use.
    case pullsMissed
    /// The registry refused, or cannot.
    case registry(RegistryError)
}
