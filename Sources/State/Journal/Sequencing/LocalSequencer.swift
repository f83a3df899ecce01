// SPDX-License-Identifier: Apache-2.0

/// The sequencer of a region that is one process: nobody else appends, so nothing can be lost.
///
/// A batch becomes durable by the commit of the catalog's transaction in which it was applied
/// (`synchronous=FULL`), so this form keeps nothing; it exists so that the registrar has one path.
public struct LocalSequencer: Sequencer {
    /// Makes it.
    public init() {}

    /// The catalog has every entry.
    public var keepsEntries: Bool { false }

    /// Always in order: the registrar holds the catalog's one write transaction.
    public func append(_ batch: Batch, after heads: Heads) async -> AppendOutcome { .appended }

    /// The catalog is the only holder, so there is nobody to ask.
    public func heads() async throws(SequencerError) -> Heads {
        throw .unavailable("the local sequencer keeps no heads; the catalog has them")
    }

    /// As `heads`.
    public func entries(
        _ scope: Scope,
        from position: UInt64,
        byteLimit: Int
    ) async throws(SequencerError) -> [StoredEntry] {
        throw .unavailable("the local sequencer keeps no entries; the catalog has them")
    }

    /// Nothing is kept, so nothing is trimmed.
    public func trim(_ scope: Scope, below position: UInt64) async throws(SequencerError) {}
}
