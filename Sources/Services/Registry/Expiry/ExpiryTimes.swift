// SPDX-License-Identifier: Apache-2.0

/// How long things stay that nothing holds, in milliseconds.
public struct ExpiryTimes: Hashable, Sendable {
    /// A link that no manifest of its repository names.
    ///
    /// Default 24 h.
    public var links: UInt64 = 24 * 3_600_000
    /// What of that is left at least when a client is told that a blob exists; at most half of `links`.
    ///
    /// Default 1 h.
    public var promised: UInt64 = 3_600_000
    /// A deleted manifest in the trash.
    ///
    /// Default 30 days.
    public var trash: UInt64 = 30 * 86_400_000

    /// Makes the default times.
    public init() {}

    /// A link with less than this left is renewed by who uploads or mounts the blob again.
    var renewed: UInt64 { links / 2 }
}
