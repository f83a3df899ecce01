// SPDX-License-Identifier: Apache-2.0

public import Journal
public import OCI

/// Manifests that a retention policy lets go, as they were when that was planned.
public struct Retirement: Sendable {
    /// A manifest that goes, and what must still be so.
    public struct Member: Hashable, Sendable {
        /// Which.
        public var digest: Digest
        /// When it was last pushed or tagged.
        public var stamp: Stamp
        /// All its tags, in order.
        public var tags: [Tag]
        /// The day it was last pulled, since 1970; nil when it never was.
        public var pulledDay: UInt32?

        /// Makes a member.
        public init(digest: Digest, stamp: Stamp, tags: [Tag], pulledDay: UInt32?) {
            self.digest = digest
            self.stamp = stamp
            self.tags = tags
            self.pulledDay = pulledDay
        }
    }

    /// Who names comes before who is named.
    public var members: [Member]
    /// Tags that spell a member's name and point to what stays.
    public var looseTags: [Tag]
    /// All that refers to a member and was known when this was planned.
    public var known: [Digest]
    /// The policy by which they go, as it was set for the repository's namespace.
    public var policy: String
    /// The rule and its numbers, at most 512 bytes.
    public var reason: String

    /// Makes a retirement.
    public init(
        members: [Member],
        looseTags: [Tag],
        known: [Digest],
        policy: String,
        reason: String
    ) {
        self.members = members
        self.looseTags = looseTags
        self.known = known
        self.policy = policy
        self.reason = reason
    }
}
