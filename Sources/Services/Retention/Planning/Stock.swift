// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A manifest of a repository, as far as retention looks at it.
public struct Stock: Hashable, Sendable {
    /// Its digest.
    public var digest: Digest
    /// Its media type.
    public var mediaType: String
    /// Every tag it has.
    public var tags: [Tag]
    /// When it was pushed, or given a tag, the last time, in ms since 1970.
    public var pushed: UInt64
    /// Since when it has no tag, in ms since 1970; 0 while it has one.
    public var untaggedSince: UInt64
    /// The day it was pulled the last time, since 1970; nil when it never was.
    public var pulledDay: UInt32?
    /// Its bytes and those of the blobs it names.
    public var size: UInt64
    /// The manifests it names.
    public var children: [Digest]
    /// The manifest it says it is about.
    public var subject: Digest?

    /// Makes a manifest's value.
    public init(
        digest: Digest,
        mediaType: String,
        tags: [Tag] = [],
        pushed: UInt64,
        untaggedSince: UInt64 = 0,
        pulledDay: UInt32? = nil,
        size: UInt64 = 0,
        children: [Digest] = [],
        subject: Digest? = nil
    ) {
        self.digest = digest
        self.mediaType = mediaType
        self.tags = tags
        self.pushed = pushed
        self.untaggedSince = untaggedSince
        self.pulledDay = pulledDay
        self.size = size
        self.children = children
        self.subject = subject
    }
}
