// SPDX-License-Identifier: Apache-2.0

public import Blobs
import Catalog
import Crypto
import HTTP
import Journal
public import OCI
import Platform

extension Scrub {
    /// Notes at once what somebody else found: a digest without a sound copy, the generation under which the
    /// catalog counts on one, and what was wrong with the one that was set aside, nil when there was none.
    ///
    /// What there is no room for is left to the next round.
    public func noteLoss(_ digest: Digest, generation: UInt64, flaw: Flaw?) async {
        let loss = Loss(digest: digest, generation: generation, flaw: flaw)
        guard addNew(loss) else { return }
        await tell(.lost(loss))
        do throws(ScrubError) { try note { _ in } } catch {
            // Memory has it, and the next note writes it.
        }
    }

    /// Looks at every loss again: whether somebody pushed it, or a source has it now.
    public func heal() async throws(ScrubError) {
        // A round may have looked after it meanwhile.
        for loss in state.losses where state.losses.contains(loss) { _ = try await heal(loss) }
    }

    /// Looks at one loss, where nobody does already; true when it is none any more.
    func heal(_ loss: Loss) async throws(ScrubError) -> Bool {
        guard claim(loss.digest) else { return false }
        defer { release(loss.digest) }
        let row = try read { view throws(CatalogError) in try view.content(loss.digest) }
        guard let row else {
            // Nothing names it any more.
            try forget(loss)
            return true
        }
        if await hasCopy(loss.digest, row) { return try await isBack(loss, row, from: nil) }
        for source in sources where try await fetch(loss.digest, row, from: source) {
            return try await isBack(loss, row, from: source.name)
        }
        return false
    }

    /// Forgets a loss whose copy came again; false where that was set aside before it was forgotten.
    private func isBack(
        _ loss: Loss,
        _ row: ContentRow,
        from source: String?
    ) async throws(ScrubError) -> Bool {
        try forget(loss)
        guard await hasCopy(loss.digest, row) else {
            // Whoever set it aside may have listed it anew.
            if addNew(loss) { try note { _ in } }
            return false
        }
        await tell(.repaired(loss.digest, from: source))
        return true
    }

    private func forget(_ loss: Loss) throws(ScrubError) {
        try note { $0.losses.removeAll { $0.digest == loss.digest } }
    }

    private func hasCopy(_ digest: Digest, _ row: ContentRow) async -> Bool {
        do throws(BlobError) {
            return try await blobs.stat(digest, generation: row.generation.number) == row.size
        } catch { return false }
    }

    /// Stores what a source has under its row's generation, hashed like an upload.
    private func fetch(
        _ digest: Digest,
        _ row: ContentRow,
        from source: any RepairSource
    ) async throws(ScrubError) -> Bool {
        let reason: String
        do {
            guard let body = try await source.open(digest) else { return false }
            let staging = try await blobs.stage(
                Identifier(from: world.random),
                .begin,
                expected: digest.algorithm
            )
            do {
                var size: UInt64 = 0
                while let bytes = try await body.next() {
                    guard size + UInt64(bytes.count) <= row.size else {
                        throw RepairError("it has more bytes than the blob")
                    }
                    try await staging.append(bytes, at: size)
                    size += UInt64(bytes.count)
                }
                _ = try await staging.publish(as: digest, generation: row.generation.number)
                return true
            } catch {
                // Nobody comes back to it.
                try? await staging.cancel()
                throw error
            }
        } catch let error as RepairError {
            reason = error.reason
        } catch {
            reason = "\(error)"
        }
        guard !Task.isCancelled else { throw .cancelled }
        await tell(.sourceFailed(name: source.name, digest, reason: reason))
        return false
    }
}
