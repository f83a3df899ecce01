// SPDX-License-Identifier: Apache-2.0

import Blobs
import HTTP
import OCI
import Platform

/// The store of one disk, slower: other things happen between what was asked of it and its answer.
///
/// Its own calls block, so that in one thread nothing could ever come between a copy and the entry that
/// names it. With threads, as in production, a whole sweep can.
struct DelayingBlobStore: BlobStore {
    let base: any BlobStore
    let pace: Pace

    /// How slow it is.
    struct Pace: Sendable {
        let timeline: Timeline
        let generator: SharedGenerator

        /// The longest that most calls take, in microseconds.
        private static let shortMax = 400
        /// The longest that one in so many takes, in microseconds.
        private static let longMax = 2_000_000
        private static let longOneIn = 24

        /// Lets others go on.
        func pause() async {
            let delay = generator.draw { generator in
                let isLong = generator.chance(1, in: Pace.longOneIn)
                return generator.below(isLong ? Pace.longMax : Pace.shortMax)
            }
            // A cancelled caller's call is made all the same.
            try? await timeline.sleep(for: .microseconds(delay))
        }
    }

    var id: Identifier { base.id }

    func stat(_ digest: Digest, generation: UInt64) async throws(BlobError) -> UInt64? {
        try await base.stat(digest, generation: generation)
    }

    func open(
        _ digest: Digest,
        generation: UInt64,
        for purpose: ReadingPurpose
    ) async throws(BlobError) -> (any FileRegion)? {
        await pace.pause()
        return try await base.open(digest, generation: generation, for: purpose)
    }

    func stage(
        _ id: Identifier,
        _ presence: StagingPresence,
        expected: Digest.Algorithm
    ) async throws(BlobError) -> any Staging {
        DelayingStaging(
            base: try await base.stage(id, presence, expected: expected),
            pace: pace
        )
    }

    func page(
        generation: UInt64,
        after: Digest?,
        limit: Int
    ) async throws(BlobError) -> [Digest] {
        await pace.pause()
        return try await base.page(generation: generation, after: after, limit: limit)
    }

    func delete(
        _ digests: [Digest],
        generation: UInt64
    ) async throws(BlobError) -> [Digest] {
        await pace.pause()
        return try await base.delete(digests, generation: generation)
    }

    func quarantine(
        _ copy: any FileRegion,
        of digest: Digest,
        generation: UInt64,
        because flaw: Flaw
    ) async throws(BlobError) -> Bool {
        try await base.quarantine(copy, of: digest, generation: generation, because: flaw)
    }

    func quarantined(after name: String, limit: Int) async throws(BlobError) -> [Quarantined] {
        try await base.quarantined(after: name, limit: limit)
    }

    func purge(_ copies: [Quarantined]) async throws(BlobError) -> [Quarantined] {
        try await base.purge(copies)
    }

    var quarantineTotals: QuarantineTotals { base.quarantineTotals }

    func generations() async throws(BlobError) -> [UInt64] {
        try await base.generations()
    }
}

private final class DelayingStaging: Staging {
    private let base: any Staging
    private let pace: DelayingBlobStore.Pace

    init(base: any Staging, pace: DelayingBlobStore.Pace) {
        self.base = base
        self.pace = pace
    }

    var size: UInt64 {
        get async throws(BlobError) { try await base.size }
    }

    func append(_ bytes: [UInt8], at offset: UInt64) async throws(BlobError) {
        await pace.pause()
        try await base.append(bytes, at: offset)
    }

    func publish(
        as digest: Digest,
        generation: UInt64,
        keeps: Bool
    ) async throws(BlobError) -> Receipt {
        await pace.pause()
        let receipt = try await base.publish(as: digest, generation: generation, keeps: keeps)
        await pace.pause()
        return receipt
    }

    func cancel() async throws(BlobError) {
        try await base.cancel()
    }
}
