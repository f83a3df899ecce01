// SPDX-License-Identifier: Apache-2.0

extension Wire {
    /// A page of the copies that are set aside.
    public struct Quarantine: Codable, Equatable, Sendable {
        /// In order of generation and digest.
        public var copies: [QuarantinedCopy]
        /// How many there are on all pages.
        public var count: UInt64
        /// Bytes of these.
        public var bytes: UInt64
        /// What the next page is asked for with, as `after`; nil on the last.
        public var next: String?
    }

    /// A copy that is set aside.
    public struct QuarantinedCopy: Codable, Equatable, Sendable {
        /// Of what.
        public var digest: String
        /// Under which generation it was stored.
        public var generation: UInt64
        /// Its length in bytes; nil when the disk does not say.
        public var size: UInt64?
        /// When it was set aside, in milliseconds since 1970; nil when an earlier version did it.
        public var milliseconds: UInt64?
        /// `bytes`, `length` or `unreadable`; nil when an earlier version did it.
        public var flaw: String?
    }

    /// What was removed from the quarantine.
    public struct QuarantinePurged: Codable, Equatable, Sendable {
        /// Copies.
        public var count: UInt64
        /// Bytes of these.
        public var bytes: UInt64
    }
}
