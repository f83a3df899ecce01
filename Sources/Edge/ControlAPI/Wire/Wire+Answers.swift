// SPDX-License-Identifier: Apache-2.0

extension Wire {
    /// The overview.
    public struct Status: Codable, Equatable, Sendable {
        /// The running binary's version.
        public var version: String
        /// What people call this node and what it belongs to.
        public var names: Names
        /// The ids, in hexadecimal.
        public var estate: String
        /// The region's id.
        public var region: String
        /// The node's id.
        public var node: String
        /// The store's id.
        public var store: String
        /// Seconds since the server was ready.
        public var uptimeSeconds: Int
        /// Whether names can change now; else why not.
        public var takesWrites: Bool
        /// Why it takes no writes.
        public var refusal: String?
        /// Last position of the region journal.
        public var regionPosition: UInt64
        /// Last position of the estate journal.
        public var estatePosition: UInt64
        /// Sweep epoch.
        public var epoch: UInt64
        /// Uploads open now.
        public var uploadsOpen: Int
        /// Bytes still free on the data directory's file system; nil when the disk does not say.
        public var freeBytes: UInt64?
        /// Pages of the catalog whose check failed since the start.
        public var pageCheckFailures: UInt64
        /// Manifests in the trash.
        public var trashed: UInt64
        /// The clock that decides what has ended.
        public var clock: Clock
        /// What the sweep is at.
        public var sweep: SweepGlance
        /// What the scrub found.
        public var scrub: ScrubGlance
        /// Copies found corrupt and set aside.
        public var quarantinedCopies: UInt64
        /// Bytes of these.
        public var quarantinedBytes: UInt64
        /// Long work under way.
        public var work: Progress?
    }

    /// Names as the configuration gives them; ids tell things apart, names are for people.
    public struct Names: Codable, Equatable, Sendable {
        /// The estate's.
        public var estate: String
        /// The region's.
        public var region: String
        /// The zone's.
        public var zone: String
        /// The node's.
        public var node: String

        /// Makes the names.
        public init(estate: String, region: String, zone: String, node: String) {
            self.estate = estate
            self.region = region
            self.zone = zone
            self.node = node
        }
    }

    /// One repository.
    public struct Repository: Codable, Equatable, Sendable {
        /// Its name.
        public var name: String
    }

    /// A page of repositories.
    public struct Repositories: Codable, Equatable, Sendable {
        /// In byte order.
        public var repositories: [Repository]

        /// Makes a page.
        public init(repositories: [Repository]) {
            self.repositories = repositories
        }
    }

    /// One entry of a journal, readable.
    public struct JournalEntry: Codable, Equatable, Sendable {
        /// `region` or `estate`.
        public var scope: String
        /// Where it stands.
        public var position: UInt64
        /// The change's id.
        public var id: String
        /// When it was decided: milliseconds since 1970 of its stamp.
        public var milliseconds: UInt64
        /// The stamp's counter inside the millisecond.
        public var counter: UInt32
        /// Who did it.
        public var actor: String
        /// The estate position it was decided at.
        public var basis: UInt64
        /// The level it needs.
        public var level: UInt32
        /// The chain hash after it, in hexadecimal.
        public var chain: String
        /// Its outcomes, each as a sentence.
        public var events: [String]
    }

    /// A page of a journal.
    public struct JournalPage: Codable, Equatable, Sendable {
        /// In order.
        public var entries: [JournalEntry]
        /// The last position of that journal.
        public var head: UInt64
    }

    /// One value a tag had.
    public struct TagValue: Codable, Equatable, Sendable {
        /// The digest, or nil when the tag was deleted then.
        public var digest: String?
        /// When, in milliseconds since 1970.
        public var milliseconds: UInt64
        /// The region journal's position.
        public var position: UInt64
    }

    /// A page of a tag's values, newest first.
    public struct TagHistory: Codable, Equatable, Sendable {
        /// The values.
        public var values: [TagValue]
        /// What the next page is asked for with, as `before`; nil on the last.
        public var next: String?
    }

    /// What a change did.
    public struct Changed: Codable, Equatable, Sendable {
        /// One sentence.
        public var summary: String
        /// The digest it is about.
        public var digest: String?
    }

    /// Bytes and counts of a namespace, a repository, or everything.
    public struct Usage: Codable, Equatable, Sendable {
        /// Whose usage; empty for everything.
        public var name: String
        /// Bytes of everything named here, each repository for itself.
        public var logicalBytes: UInt64
        /// Bytes of everything named here, also by the trash, with each digest counted once.
        public var deduplicatedBytes: UInt64
        /// Bytes of these that the trash keeps alone.
        public var trashBytes: UInt64
        /// Bytes of these that no manifest and no trash needs, and that go by themselves.
        public var reclaimableBytes: UInt64
        /// Bytes besides these that nothing names any more and that wait for the sweep; nil where a
        /// namespace or a repository was asked for, or while a round is under way.
        public var unnamedBytes: UInt64?
        /// Repositories that have content.
        public var repositories: UInt64
        /// Manifests.
        public var manifests: UInt64
        /// Blobs linked.
        public var blobs: UInt64
        /// Tags.
        public var tags: UInt64
        /// Manifests in the trash.
        public var trashed: UInt64
    }
}
