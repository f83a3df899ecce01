// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import Catalog
public import OCI

extension Scrub {
    /// What bounds it.
    public struct Options: Sendable {
        /// Every copy is read again within this time, if `rateMax` allows.
        ///
        /// Default 7 days.
        public var period: Duration = .seconds(7 * 86_400)
        /// Bytes read in a second, at most; of a round by command, what it reads where nobody is in the way.
        ///
        /// Default 64 MiB.
        public var rateMax: UInt64 = 64 << 20
        /// Bytes read in a second where the period would allow fewer.
        ///
        /// Default 1 MiB.
        public var rateMin: UInt64 = 1 << 20
        /// Copies looked at between two notes of how far it is.
        ///
        /// Default 200.
        public var pageMax = 200
        /// Bytes read at once.
        ///
        /// Default 1 MiB.
        public var portion = 1 << 20
        /// Makes the default options.
        public init() {}
    }

    /// A digest that the catalog names and that has no sound copy here.
    public struct Loss: Hashable, Sendable {
        /// Of what.
        public var digest: Digest
        /// Under which generation the catalog counts on it.
        public var generation: UInt64
        /// What was wrong with its copy, which is set aside; nil when there was none.
        public var flaw: Flaw?
    }

    /// What happened, for the log and for who answers from memory.
    public enum Event: Sendable {
        /// A digest has no sound copy any more.
        case lost(Loss)
        /// It has one again: pushed, or repaired from the source of this name.
        case repaired(Digest, from: String?)
        /// A source did not answer.
        case sourceFailed(name: String, Digest, reason: String)
        /// The catalog is not what its entries mean, or entries are damaged themselves.
        case catalogDamaged(CatalogScrub.Findings)
        /// A copy cannot be looked at, or not be set aside.
        case unexamined(Digest, generation: UInt64, BlobError)
        /// Nothing can name a copy any more; it was not read.
        case orphaned(Digest, generation: UInt64)
    }

    /// What one round found.
    public struct Round: Hashable, Sendable {
        /// Copies read and hashed.
        public var copies: UInt64 = 0
        /// Bytes of these.
        public var bytes: UInt64 = 0
        /// Digests that the catalog names.
        public var named: UInt64 = 0
        /// Copies with a flaw, set aside.
        public var setAside: UInt64 = 0
        /// Digests that the catalog names and that had no copy.
        public var missing: UInt64 = 0
        /// Copies that nothing can name any more.
        public var orphans: UInt64 = 0
        /// Copies that could not be looked at, or not be set aside.
        public var unexamined: UInt64 = 0
        /// What was found in the catalog.
        public var catalog = CatalogScrub.Findings()
        /// Whether it made room for another round before its end.
        public var isBrokenOff = false

        /// Whether nothing was wrong that an operator must know of.
        public var isSound: Bool {
            setAside == 0 && missing == 0 && unexamined == 0 && catalog.damagedEntries.isEmpty
                && !catalog.needsRebuild
        }
        /// Makes a round that has found nothing.
        public init() {}
    }

    /// Where it stands.
    public struct Status: Sendable {
        /// Whether a round is under way.
        public var isRunning: Bool
        /// The round under way, or the newest.
        public var round: Round?
        /// Bytes that it has to read, as far as is known.
        public var bytesTotal: UInt64
        /// Time since the newest round that reached its end; nil before the first.
        public var sinceRound: Duration?
        /// Digests without a sound copy now; at most `Scrub.lossesMax`.
        public var losses: [Loss]
        /// Entries that the newest look at the journals found damaged.
        public var damagedEntries: [CatalogScrub.EntryPlace]
        /// Bytes of content read since the start.
        public var bytesRead: UInt64
        /// Copies repaired since the start, by whoever brought the bytes.
        public var repaired: UInt64
        /// Rounds that failed since the start.
        public var failed: UInt64
        /// What the round under way could not look at, or the one before it, whichever is more.
        public var unexamined: UInt64
    }

    /// The most losses that are known by name; the next round finds the others.
    public static let lossesMax = 1000
}

/// Why a round ended early; the next goes on from there.
public enum ScrubError: Error, Sendable {
    /// One is under way already, or one by command waits for this one.
    case busy
    /// The catalog does not answer.
    case catalog(CatalogError)
    /// The content does not answer, or cannot be changed.
    case blobs(BlobError)
    /// The task was cancelled.
    case cancelled
}
