// SPDX-License-Identifier: Apache-2.0

extension Wire {
    /// Where the scrub stands.
    public struct Scrub: Codable, Equatable, Sendable {
        /// Whether a round is under way.
        public var isRunning: Bool
        /// The round under way, or the newest.
        public var round: ScrubRound?
        /// Bytes that it has to read, as far as is known.
        public var bytesTotal: UInt64
        /// Seconds since the newest round that reached its end, over restarts too; nil before the first.
        public var roundSecondsAgo: Int?
        /// Digests that have no sound copy here now; at most 1,000.
        public var losses: [ScrubLoss]
        /// Entries of the journals that are damaged; at most 1,000.
        public var damagedEntries: [ScrubEntry]
        /// Losses that were repaired since the start.
        public var repaired: UInt64
    }

    /// The scrub at a glance.
    public struct ScrubGlance: Codable, Equatable, Sendable {
        /// Seconds since everything had been read again, over restarts too; nil before the first time.
        public var roundSecondsAgo: Int?
        /// Digests that are named and have no sound copy here; counts up to 1,000.
        public var lost: UInt64
        /// Damaged entries of the journals; counts up to 1,000.
        public var damagedEntries: UInt64
        /// Copies and directories that the round under way, or the one before it, could not look at; one that is named
        /// counts twice where both looks at it fail.
        public var unexamined: UInt64
        /// Whether the newest round compared the whole catalog with its entries; nil before it has ended, and where it
        /// looked at the catalog before a restart.
        public var isCompared: Bool?
    }

    /// What one round of the scrub found.
    public struct ScrubRound: Codable, Equatable, Sendable {
        /// Copies read and hashed.
        public var copies: UInt64
        /// Bytes of these.
        public var bytes: UInt64
        /// Digests that the catalog names.
        public var named: UInt64
        /// Copies with a flaw, set aside.
        public var setAside: UInt64
        /// Digests that had no copy.
        public var missing: UInt64
        /// Copies that nothing can name any more; the sweep frees them.
        public var orphans: UInt64
        /// Copies that could not be looked at.
        public var unexamined: UInt64
        /// Pages of the catalog read.
        public var pages: UInt64
        /// Pages in use that fail their check.
        public var damagedPages: [UInt32]
        /// Pages that fail their check and that nothing uses.
        public var unusedPages: [UInt32]
        /// Entries whose hashes were checked.
        public var entries: UInt64
        /// Where the catalog is not what its entries mean.
        public var differences: [String]
        /// Whether all of it was compared with them.
        public var isCompared: Bool
        /// Whether it made room for another round before its end.
        public var isBrokenOff: Bool
        /// Whether nothing was wrong.
        public var isSound: Bool
    }

    /// A digest without a sound copy.
    public struct ScrubLoss: Codable, Equatable, Sendable {
        /// Of what.
        public var digest: String
        /// Under which generation.
        public var generation: UInt64
        /// `bytes`, `length` or `unreadable`; nil when there was no copy.
        public var flaw: String?
    }

    /// A damaged entry.
    public struct ScrubEntry: Codable, Equatable, Sendable {
        /// `region` or `estate`.
        public var scope: String
        /// Where it stands.
        public var position: UInt64
    }
}
