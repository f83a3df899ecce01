// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Journal
import OCI

extension Registry {
    /// Raises the sweep epoch by one; two raises later a copy stored before them, which nothing names,
    /// may be deleted.
    ///
    /// Nothing is written while nothing was changed or stored since the last two raises: there is
    /// nothing new to free.
    public func raiseEpoch() async throws(RegistryError) {
        let (epoch, isAtRest) = try read { view throws(CatalogError) in
            (try view.epoch(), try view.isAtRest())
        }
        let newest: UInt64
        do throws(BlobError) { newest = try await blobs.generations().last ?? 0 } catch {
            throw .blobs(error)
        }
        if isAtRest, newest + 1 < epoch.number { return }
        // About no repository; this one is ours.
        try await change(.canary, .raiseEpoch(from: epoch))
    }

    /// Stores content and names it; again, when its row went or the epoch rose twice between the two.
    func naming(
        _ digest: Digest,
        store: () async throws(RegistryError) -> Stored,
        name: (Receipt) async throws(RegistryError) -> Void
    ) async throws(RegistryError) {
        for attempt in 1...Registry.storeAttemptsMax {
            let stored = try await store()
            do throws(RegistryError) {
                try await name(stored.receipt)
                await dropSuperseded(stored)
                return
            } catch {
                await dropSuperseded(stored)
                guard case .refused(.receiptTooOld) = error, attempt < Registry.storeAttemptsMax
                else { throw error }
            }
        }
    }

    /// Times bytes are stored for one change.
    private static let storeAttemptsMax = 3

    /// Content that the store has, and whether it was stored just now.
    struct Stored {
        var receipt: Receipt
        var isNew: Bool
    }

    /// Frees a copy that came too late to be named, or that its digest is not named under.
    ///
    /// By the sweep's rule; the sweep itself may have listed that generation before the copy came, and
    /// would not look at it again. False when one is left that cannot be removed now; it is found when
    /// everything is listed anew.
    @discardableResult
    private func dropSuperseded(_ stored: Stored) async -> Bool {
        // What was there before is the sweep's to find.
        guard stored.isNew else { return true }
        let receipt = stored.receipt
        do throws(RegistryError) {
            let isFree = try read { view throws(CatalogError) in
                let epoch = try view.epoch().number
                let row = try view.content(receipt.digest)
                return receipt.generation + 2 <= epoch
                    && row?.generation.number != receipt.generation
            }
            guard isFree else { return true }
            do throws(BlobError) {
                _ = try await blobs.delete([receipt.digest], generation: receipt.generation)
                return true
            } catch { throw .blobs(error) }
        } catch {
            return false
        }
    }
}
