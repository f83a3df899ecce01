// SPDX-License-Identifier: Apache-2.0

import Blobs
import Crypto
import HTTP
import OCI
import Platform

/// Reads one copy as the disk has it.
struct Examination {
    let scrub: Scrub
    let digest: Digest
    let generation: UInt64
    /// What the catalog says of its length, if it counts on this copy.
    let size: UInt64?

    enum Verdict {
        /// It is there and right, with so many bytes.
        case sound
        /// There is none.
        case gone
        /// It has a flaw, found twice.
        case flawed(any FileRegion, Flaw)
        /// Whether it is right cannot be said now.
        case unknown(BlobError)
    }

    /// A flaw must be found twice: a cable or a controller may have hiccups that the disk knows nothing of.
    func verdict(
        _ pace: inout Pace,
        _ read: inout UInt64
    ) async throws(ScrubError) -> Verdict {
        var verdict = try await look(&pace, &read)
        if case .flawed = verdict { verdict = try await look(&pace, &read) }
        return verdict
    }

    private func look(
        _ pace: inout Pace,
        _ bytesRead: inout UInt64
    ) async throws(ScrubError) -> Verdict {
        let start = scrub.world.clocks.monotonic()
        var opened: (any FileRegion)?
        var trouble: BlobError?
        do throws(BlobError) {
            opened = try await scrub.blobs.open(
                digest,
                generation: generation,
                for: .scrubbing
            )
        } catch { trouble = error }
        try await pace.wait(
            afterBytes: Pace.openingBytes,
            in: scrub.world.clocks.monotonic() - start,
            scrub
        )
        if let trouble { return .unknown(trouble) }
        guard let region = opened else { return .gone }
        var hash = DigestContext(digest.algorithm)
        var position: UInt64 = 0
        while position < region.count {
            let start = scrub.world.clocks.monotonic()
            let bytes: [UInt8]
            do { bytes = try region.read(at: position, limit: scrub.options.portion) } catch {
                guard let error = error as? FileError, error.kind != .device else {
                    return .flawed(region, .unreadable)
                }
                return .unknown(.trouble(error))
            }
            guard !bytes.isEmpty else { return .flawed(region, .length) }
            hash.update(bytes)
            position += UInt64(bytes.count)
            bytesRead += UInt64(bytes.count)
            try await pace.wait(
                afterBytes: bytes.count,
                in: scrub.world.clocks.monotonic() - start,
                scrub
            )
        }
        // What hashes to its digest is right, whatever the catalog believes of its length.
        if hash.finish() == digest { return .sound }
        return .flawed(region, size.map { $0 == region.count } ?? true ? .bytes : .length)
    }
}
