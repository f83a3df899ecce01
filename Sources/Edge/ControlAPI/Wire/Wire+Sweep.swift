// SPDX-License-Identifier: Apache-2.0

extension Wire {
    /// Where the sweep stands.
    public struct Sweep: Codable, Equatable, Sendable {
        /// The epoch.
        public var epoch: UInt64
        /// Every generation up to this one was listed.
        public var listed: UInt64
        /// Whether it was paused by command.
        public var isPaused: Bool
        /// Whether a round is under way.
        public var isRunning: Bool
        /// The round under way, or the newest since the start.
        public var round: SweepRound?
        /// About how many seconds the round under way will go on; nil when there is none, or nothing to go by.
        public var secondsLeft: Int?
        /// Seconds since the newest round ended.
        public var roundSecondsAgo: Int?
        /// Copies freed since the start.
        public var freed: UInt64
        /// Bytes of these.
        public var freedBytes: UInt64
    }

    /// The sweep at a glance.
    public struct SweepGlance: Codable, Equatable, Sendable {
        /// Whether it was paused by command.
        public var isPaused: Bool
        /// Seconds since the newest round ended; nil before the first since the start.
        public var roundSecondsAgo: Int?
        /// Copies that the newest round left although no row counts on them.
        public var doubted: UInt64
    }

    /// What one round of the sweep did.
    public struct SweepRound: Codable, Equatable, Sendable {
        /// The epoch it went by.
        public var epoch: UInt64
        /// About how many copies it looks at in all, as it seemed at its begin.
        public var expected: UInt64
        /// Copies looked at.
        public var looked: UInt64
        /// Copies freed.
        public var freed: UInt64
        /// Bytes of these.
        public var freedBytes: UInt64
        /// Copies left although no row counts on them.
        public var doubted: UInt64
        /// The first of these.
        public var doubts: [SweepDoubt]
        /// Whether it was paused before its end.
        public var isBrokenOff: Bool
        /// Why something that was due did not end before a round by command; nil where all of it did.
        public var unended: String?
    }

    /// A copy that a round left although no row counts on it.
    public struct SweepDoubt: Codable, Equatable, Sendable {
        /// Of what.
        public var digest: String
        /// Under which generation.
        public var generation: UInt64
        /// Why, in words.
        public var reason: String
    }

    /// What a round of the sweep would free.
    public struct SweepPlan: Codable, Equatable, Sendable {
        /// What may go now; at most as many as were asked for.
        public var candidates: [SweepCandidate]
        /// How many may go now.
        public var count: UInt64
        /// Bytes of these.
        public var bytes: UInt64
        /// How many lost their last name, but wait for the epoch to rise.
        public var laterCount: UInt64
        /// Bytes of these.
        public var laterBytes: UInt64
        /// Directories that the disk does not list; what they have is not counted.
        public var unlisted: UInt64
    }

    /// A copy that nothing names.
    public struct SweepCandidate: Codable, Equatable, Sendable {
        /// Of what.
        public var digest: String
        /// Under which generation.
        public var generation: UInt64
        /// Its length in bytes.
        public var size: UInt64
        /// The position of the region journal that took its last name; nil when none is known.
        public var unnamedAt: UInt64?
    }
}
