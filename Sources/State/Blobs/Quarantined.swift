// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What is wrong with a copy that is set aside.
public enum Flaw: String, Hashable, Sendable, CaseIterable {
    /// Its bytes hash to another digest.
    case bytes
    /// It has more or fewer bytes than were stored.
    case length
    /// The disk does not give all of its bytes, and did not when it was asked again.
    case unreadable
}

/// A copy that was set aside: kept as evidence, served no more, and gone only by command.
public struct Quarantined: Hashable, Sendable {
    /// What the store calls it; the order of a list.
    public var name: String
    /// Of what it was a copy.
    public var digest: Digest
    /// Under which generation.
    public var generation: UInt64
    /// How many bytes it takes; nil when the disk does not say.
    public var size: UInt64?
    /// When it was set aside, in milliseconds since 1970; nil when that is not known any more.
    public var milliseconds: UInt64?
    /// Why; nil when that is not known any more.
    public var flaw: Flaw?

    /// Makes a value.
    public init(
        name: String,
        digest: Digest,
        generation: UInt64,
        size: UInt64?,
        milliseconds: UInt64?,
        flaw: Flaw?
    ) {
        self.name = name
        self.digest = digest
        self.generation = generation
        self.size = size
        self.milliseconds = milliseconds
        self.flaw = flaw
    }
}

/// How much is set aside.
public struct QuarantineTotals: Hashable, Sendable {
    /// Copies.
    public var count: UInt64
    /// Bytes of these.
    public var bytes: UInt64

    /// Makes totals.
    public init(count: UInt64 = 0, bytes: UInt64 = 0) {
        self.count = count
        self.bytes = bytes
    }
}
