// SPDX-License-Identifier: Apache-2.0

public import Journal
public import OCI

extension Registrar {
    /// What bounds it.
    public struct Options: Sendable {
        /// Changes that may wait; more are refused with 503.
        ///
        /// Default 4,096.
        public var waitingMax = 4096
        /// Changes of one batch.
        ///
        /// Default 256.
        public var batchMax = 256
        /// Bytes of entries in one batch.
        ///
        /// Default 1 MiB.
        public var batchBytesMax = 1 << 20
        /// Times an append of unknown outcome is sent again before the batch fails.
        ///
        /// Default 20.
        public var appendAttemptsMax = 20
        /// Times a batch is decided again because another took its position.
        ///
        /// Default 20.
        public var racesMax = 20
        /// Whether deleting a manifest leaves what refers to it.
        public var keepsReferrers = false
        /// How long things stay that nothing holds.
        public var times = ExpiryTimes()
        /// Makes the default options.
        public init() {}
    }

    /// What became of a change.
    public struct Done: Hashable, Sendable {
        /// The region journal's position after it.
        public var position: UInt64
        /// Whether it must be submitted again, with a new id, to be complete.
        public var isPartial: Bool
    }

    /// Told around every commit, for caches: they must not give what the commit ends once it is
    /// acknowledged, nor give it again once somebody read what came of it.
    public struct Observer: Sendable {
        /// Called with the outcomes just before they are committed.
        public var willCommit: @Sendable ([Outcome]) -> Void
        /// Called with the same outcomes when the commit has ended, well or not, before anybody is
        /// answered.
        public var didEnd: @Sendable ([Outcome]) -> Void

        /// Makes an observer.
        public init(
            willCommit: @escaping @Sendable ([Outcome]) -> Void,
            didEnd: @escaping @Sendable ([Outcome]) -> Void
        ) {
            self.willCommit = willCommit
            self.didEnd = didEnd
        }
    }

    /// What a change comes to, if its batch is committed.
    public struct Outcome: Sendable {
        /// The repository it is about.
        public var repository: RepositoryName
        /// The events of its entries.
        public var events: [Event]
    }

    /// What was done since the start.
    public struct Statistics: Hashable, Sendable {
        /// Batches committed, each with one sync of the journal.
        public var batches: UInt64 = 0
        /// Entries in them.
        public var entries: UInt64 = 0
        /// Changes that wait now.
        public var waiting = 0
    }
}
