// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import Catalog
public import OCI

extension Sweep {
    /// What bounds it.
    public struct Options: Sendable {
        /// Copies looked at in one second, at most; both the listing and the freeing wait for that.
        ///
        /// Default 2,000.
        public var copiesPerSecond = 2_000
        /// Copies looked at before it waits, and whose deletions share syncs.
        ///
        /// Default 200.
        public var pageMax = 200
        /// Makes the default options.
        public init() {}
    }

    /// A copy that nothing names and nothing can name again.
    public struct Candidate: Hashable, Sendable {
        /// Of what.
        public var digest: Digest
        /// The generation it was stored under.
        public var generation: UInt64
        /// Its length in bytes.
        public var size: UInt64
        /// The region journal's entry that took its last name; nil when none ever named it, or when that
        /// was too many epochs ago to be known.
        public var unnamedAt: UInt64?
    }

    /// What a round would free.
    public struct Plan: Sendable {
        /// What may go now; at most as many as were asked for.
        public var candidates: [Candidate] = []
        /// How many may go now.
        public var count: UInt64 = 0
        /// Bytes of these.
        public var bytes: UInt64 = 0
        /// How many lost their last name, but wait for the epoch to rise.
        public var laterCount: UInt64 = 0
        /// Bytes of these.
        public var laterBytes: UInt64 = 0
        /// Directories that the disk does not list; what they have is not counted.
        public var unlisted: UInt64 = 0
    }

    /// A copy that was left although no row counts on it.
    public struct Doubt: Hashable, Sendable {
        /// Of what.
        public var digest: Digest
        /// The generation it was stored under.
        public var generation: UInt64
        /// Why.
        public var reason: Reason

        /// Why a copy is left.
        public enum Reason: Hashable, Sendable, CustomStringConvertible {
            /// The catalog has no row of it, and names it all the same, which is damage.
            case isNamed
            /// The copy that the catalog counts on is missing, and may have to be made of this one.
            case mayBeNeeded
            /// It cannot be looked at.
            case isUnreadable
            /// It cannot be removed.
            case isStuck
            /// It stands for what the disk does not list: all from the place before up to this digest.
            case isUnlisted

            /// The reason in words.
            public var description: String {
                switch self {
                case .isNamed: "something names it, although the catalog has no row of it"
                case .mayBeNeeded: "the copy that the catalog counts on is missing"
                case .isUnreadable: "it cannot be looked at"
                case .isStuck: "it cannot be removed"
                case .isUnlisted: "the directory that such digests are in cannot be read"
                }
            }
        }
    }

    /// What one round did.
    public struct Round: Hashable, Sendable {
        /// The epoch it went by.
        public var epoch: UInt64 = 0
        /// About how many copies it will look at in all, as it seemed at its begin.
        public var expected: UInt64 = 0
        /// Copies looked at.
        public var looked: UInt64 = 0
        /// Copies freed.
        public var freed: UInt64 = 0
        /// Bytes of these.
        public var freedBytes: UInt64 = 0
        /// Copies that were left although no row counts on them.
        ///
        /// Each round looks at these again until there are none.
        public var doubted: UInt64 = 0
        /// The first `doubtsListedMax` of them.
        public var doubts: [Doubt] = []
        /// Whether it was paused before its end; the next round goes on from there.
        public var isBrokenOff = false

        /// About how long it will go on; nil before it has anything to go by.
        func timeLeft(after passed: Duration) -> Duration? {
            guard looked > 0, expected > looked else { return nil }
            let ahead = expected - looked
            return passed * (Double(ahead) / Double(looked))
        }

        /// The most copies that a round names of those it left.
        public static let doubtsListedMax = 20
    }

    /// Where it stands.
    public struct Status: Sendable {
        /// Whether the operator has stopped it.
        public var isPaused: Bool
        /// Whether a round is under way.
        public var isRunning: Bool
        /// Every generation up to this one was listed.
        public var listed: UInt64
        /// The round under way, or the newest.
        public var round: Round?
        /// About how long the round under way will go on; nil when there is none, or nothing to go by.
        public var timeLeft: Duration?
        /// Time since the newest round that reached its end.
        public var sinceRound: Duration?
        /// Copies freed since the start.
        public var freed: UInt64
        /// Bytes of these.
        public var freedBytes: UInt64
        /// Rounds that failed since the start.
        public var failed: UInt64
    }
}

/// Why a round ended early; what it did stays done, and the next goes on from there.
public enum SweepError: Error, Sendable {
    /// One is under way already.
    case busy
    /// The catalog does not answer.
    case catalog(CatalogError)
    /// The content does not answer, or cannot be changed.
    case blobs(BlobError)
    /// The task was cancelled.
    case cancelled
}
