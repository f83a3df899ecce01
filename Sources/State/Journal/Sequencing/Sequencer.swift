// SPDX-License-Identifier: Apache-2.0

/// What gives the batches of one estate node their order.
///
/// The local form orders by being the only one: the catalog's transaction makes the batch durable.
/// Every other form is a compare-and-set on the heads in a store that survives this process.
public protocol Sequencer: Sendable {
    /// Whether it keeps entries that a catalog may lack and has to follow.
    var keepsEntries: Bool { get }
    /// Puts `batch` behind `heads` if they are still the heads; all of it or nothing.
    func append(_ batch: Batch, after heads: Heads) async -> AppendOutcome
    /// The heads now.
    func heads() async throws(SequencerError) -> Heads
    /// Stored entries of a journal from `position` on, in order, at most `byteLimit` bytes of them.
    func entries(
        _ scope: Scope,
        from position: UInt64,
        byteLimit: Int
    )
        async throws(SequencerError) -> [StoredEntry]
    /// Forgets entries of a journal below `position`, which others are known to hold durably.
    func trim(_ scope: Scope, below position: UInt64) async throws(SequencerError)
}

/// The heads of both journals.
public struct Heads: Hashable, Sendable {
    /// The region journal's.
    public var region: Head
    /// The estate journal's.
    public var estate: Head
    /// Makes heads.
    public init(region: Head, estate: Head) {
        self.region = region
        self.estate = estate
    }
    /// The head of one journal.
    public subscript(scope: Scope) -> Head {
        get { scope == .region ? region : estate }
        set { if scope == .region { region = newValue } else { estate = newValue } }
    }
}

/// An entry as it is stored and shipped: its bytes and its place.
public struct StoredEntry: Hashable, Sendable {
    /// Which journal.
    public var scope: Scope
    /// Its place there.
    public var position: UInt64
    /// Its canonical bytes (docs/formats/entry.md).
    public var bytes: [UInt8]
    /// The chain hash after it.
    public var chain: [UInt8]
    /// Makes a stored entry.
    public init(scope: Scope, position: UInt64, bytes: [UInt8], chain: [UInt8]) {
        self.scope = scope
        self.position = position
        self.bytes = bytes
        self.chain = chain
    }
}

/// Entries appended together, and the heads after them.
public struct Batch: Hashable, Sendable {
    /// In order; positions of each journal dense.
    public var entries: [StoredEntry]
    /// The heads once they are in.
    public var heads: Heads
    /// Makes a batch.
    public init(entries: [StoredEntry], heads: Heads) {
        self.entries = entries
        self.heads = heads
    }
}

/// What became of an append.
public enum AppendOutcome: Hashable, Sendable {
    /// It is in, now or by an earlier attempt with the identical batch.
    case appended
    /// The heads were others; it has no effect and never will.
    case lost
    /// Nobody can say yet: send the identical append again.
    case unknown
    /// The sequencer takes nothing now, and this attempt has no effect; the sentence says why.
    case refused(String)
}

/// Why a sequencer could not answer.
public enum SequencerError: Error, Hashable, Sendable {
    /// It cannot be reached, or has no quorum.
    case unavailable(String)
    /// The entries asked for were trimmed; the number is the first position still there.
    case trimmed(UInt64)
}
