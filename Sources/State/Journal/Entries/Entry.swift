// SPDX-License-Identifier: Apache-2.0

public import Platform

/// Where a journal stands.
public struct Head: Hashable, Sendable {
    /// The life of the journal, from 1; rises with every restore or adoption.
    public var incarnation: UInt32
    /// The last position; 0 before the first entry.
    public var position: UInt64
    /// The chain hash of the last entry (SHA-256); of an empty journal 32 zero bytes.
    public var chain: [UInt8]

    /// Makes a head.
    public init(incarnation: UInt32, position: UInt64, chain: [UInt8]) {
        self.incarnation = incarnation
        self.position = position
        self.chain = chain
    }

    /// The head of a journal nothing was written to.
    public static let empty = Head(
        incarnation: 1,
        position: 0,
        chain: [UInt8](repeating: 0, count: 32)
    )
}

/// Where an entry came into being.
public struct Origin: Hashable, Sendable {
    /// The region (or, in the estate journal, the estate).
    public var journal: Identifier
    /// The incarnation of its journal.
    public var incarnation: UInt32
    /// Its position there.
    public var position: UInt64

    /// Makes an origin.
    public init(journal: Identifier, incarnation: UInt32, position: UInt64) {
        self.journal = journal
        self.incarnation = incarnation
        self.position = position
    }
}

/// One entry of a journal: events that stand or fall together.
public struct Entry: Hashable, Sendable {
    /// The id of the change that became this entry; a retried change keeps its id.
    public var id: Identifier
    /// Which journal.
    public var scope: Scope
    /// Where it came into being.
    public var origin: Origin
    /// What decides between it and other writes.
    public var stamp: Stamp
    /// The estate position it was decided at.
    public var basis: UInt64
    /// Who did it, as an opaque id; all zero for the node itself and, until identities exist, anyone.
    public var actor: Identifier
    /// The level its kinds and fields need.
    public var level: UInt32
    /// The outcomes.
    public var events: [Event]

    /// Makes an entry.
    public init(
        id: Identifier,
        scope: Scope,
        origin: Origin,
        stamp: Stamp,
        basis: UInt64,
        actor: Identifier,
        level: UInt32,
        events: [Event]
    ) {
        self.id = id
        self.scope = scope
        self.origin = origin
        self.stamp = stamp
        self.basis = basis
        self.actor = actor
        self.level = level
        self.events = events
    }
}
