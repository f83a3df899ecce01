// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import OCI
public import Platform

/// One disk's (or, later, one set of zones') immutable content, by generation and digest.
///
/// A blob that `stat` reports was verified against its digest when it came in and is durable.
public protocol BlobStore: Sendable {
    /// The id of this store; a replaced disk is another store.
    var id: Identifier { get }
    /// The blob's length, or nil when this store has no such copy.
    func stat(_ digest: Digest, generation: UInt64) async throws(BlobError) -> UInt64?
    /// Opens a copy for reading, or returns nil when there is none.
    func open(
        _ digest: Digest,
        generation: UInt64,
        for purpose: ReadingPurpose
    ) async throws(BlobError) -> (any FileRegion)?
    /// Begins a staging named by `id`, or opens the one that is there; `expected` lets the hash run along.
    func stage(
        _ id: Identifier,
        _ presence: StagingPresence,
        expected: Digest.Algorithm
    )
        async throws(BlobError) -> any Staging
    /// Up to `limit` digests of a generation greater than `after`, in order; none at the end alone.
    ///
    /// Throws `unlisted` where the disk does not say what comes next; who wants the rest goes on behind that.
    func page(generation: UInt64, after: Digest?, limit: Int) async throws(BlobError) -> [Digest]
    /// Deletes copies of one generation; durable when it returns, also for those that were not there.
    ///
    /// Returns those that were there and are gone, in order; one that cannot be deleted keeps no other
    /// from it and is left out.
    func delete(_ digests: [Digest], generation: UInt64) async throws(BlobError) -> [Digest]
    /// Sets a copy aside that was found corrupt, as evidence; durable when it returns.
    ///
    /// `copy` is what was read, from this store. False, and nothing is done, when it has no longer its
    /// place: another was pushed, or is just being pushed.
    func quarantine(
        _ copy: any FileRegion,
        of digest: Digest,
        generation: UInt64,
        because flaw: Flaw
    ) async throws(BlobError) -> Bool
    /// Up to `limit` copies that are set aside, with names greater than `after`, in order.
    func quarantined(after name: String, limit: Int) async throws(BlobError) -> [Quarantined]
    /// Removes copies that are set aside, durably, and returns those that are gone.
    func purge(_ copies: [Quarantined]) async throws(BlobError) -> [Quarantined]
    /// How much is set aside.
    var quarantineTotals: QuarantineTotals { get }
    /// The generations there are, in order.
    func generations() async throws(BlobError) -> [UInt64]
}

/// What a copy is read for.
public enum ReadingPurpose: Sendable {
    /// To be sent, perhaps again and again.
    case serving
    /// To see what the disk really has: past every cache, and without a trace in them.
    case scrubbing
}

extension BlobStore {
    /// Opens a copy for sending it, or returns nil when there is none.
    public func open(
        _ digest: Digest,
        generation: UInt64
    ) async throws(BlobError) -> (any FileRegion)? {
        try await open(digest, generation: generation, for: .serving)
    }
}

/// Whether a staging is new.
public enum StagingPresence: Sendable {
    /// It must not be there.
    case begin
    /// It must be there and take bytes.
    case resume
    /// It must be there; a kept one may be published already.
    case find
}

/// A store's word that it has a durable, verified copy.
public struct Receipt: Hashable, Sendable {
    /// Which store.
    public var store: Identifier
    /// Of what.
    public var digest: Digest
    /// How long it is.
    public var size: UInt64
    /// Under which generation.
    public var generation: UInt64
    /// Makes a receipt.
    public init(store: Identifier, digest: Digest, size: UInt64, generation: UInt64) {
        self.store = store
        self.digest = digest
        self.size = size
        self.generation = generation
    }
}

/// Bytes of an upload that are not yet a blob; their holder is the truth about their length.
public protocol Staging: AnyObject, Sendable {
    /// How many bytes it has; while bytes are being appended, how many it had before.
    var size: UInt64 { get async throws(BlobError) }
    /// Appends, if `offset` is exactly the length; else throws `.offsetMismatch`.
    func append(_ bytes: [UInt8], at offset: UInt64) async throws(BlobError)
    /// Verifies the bytes against `digest` (reading them again where the hash did not run along),
    /// makes them durable and publishes them as a blob of `generation`.
    ///
    /// The staging is gone then. With `keeps` it stays until `cancel`, also over a restart, where the
    /// store can do that; it takes no more bytes, and can be published again. On `.digestMismatch`, or when the disk may not have
    /// the bytes, the staging is dropped; after any other failure it is as it was.
    func publish(
        as digest: Digest,
        generation: UInt64,
        keeps: Bool
    ) async throws(BlobError) -> Receipt
    /// Drops the staging, and nothing that was published.
    func cancel() async throws(BlobError)
}

extension Staging {
    /// Publishes and leaves no staging.
    public func publish(
        as digest: Digest,
        generation: UInt64
    ) async throws(BlobError) -> Receipt {
        try await publish(as: digest, generation: generation, keeps: false)
    }
}

/// Why a store refused or failed.
public enum BlobError: Error, Hashable, Sendable {
    /// The staging is not there (never was, expired, cancelled, finished).
    case unknownStaging
    /// A staging of that id is there already.
    case stagingExists
    /// The bytes do not continue the staging; it has this many.
    case offsetMismatch(has: UInt64)
    /// The bytes hash to another digest.
    case digestMismatch(actual: Digest)
    /// Another call is writing this staging right now.
    case busy
    /// There are as many stagings as the store holds.
    case tooManyStagings
    /// The store has less free space than its floor.
    case noSpace
    /// The store may not write (permissions, read-only disk).
    case readOnly
    /// The disk does not say what there is from the place that was asked for up to this one, which need not be
    /// there itself.
    case unlisted(upTo: Digest, FileError)
    /// The disk failed; the log has the call.
    case trouble(FileError)
}
