// SPDX-License-Identifier: Apache-2.0

public import Blobs
import Catalog
import Journal
public import OCI
import Synchronization

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

    /// Who looks at copies that were stored just now.
    ///
    /// A value of its own: a function that is read out of a lock by itself is wrapped once more each time, and
    /// put back so.
    struct LateCopies: Sendable {
        var expect: @Sendable (Digest, () throws(BlobError) -> UInt64) throws(BlobError) -> UInt64
        var free: @Sendable (Digest, UInt64) async -> Void
    }

    /// Lets `expect` know of each copy before it is stored, and of how to read the generation that it is to
    /// have, and `free` look at it afterwards, for that generation may be over by then.
    ///
    /// Where nobody does, those that nothing names stay until everything is listed anew.
    public func leaveLate(
        expecting expect:
            @escaping @Sendable (Digest, () throws(BlobError) -> UInt64) throws(BlobError) ->
            UInt64,
        to free: @escaping @Sendable (Digest, UInt64) async -> Void
    ) {
        late.withLock { $0 = LateCopies(expect: expect, free: free) }
    }

    /// Stores a copy by `body` under the generation that it is to have.
    func storing(
        _ digest: Digest,
        _ body: (UInt64) async throws(BlobError) -> Receipt
    ) async throws(BlobError) -> Stored {
        func read() throws(BlobError) -> UInt64 { try generationForNew(digest) }
        let late = late.withLock { $0 }
        let generation: UInt64
        if let late { generation = try late.expect(digest, read) } else { generation = try read() }
        do throws(BlobError) {
            return Stored(receipt: try await body(generation), isNew: true)
        } catch {
            // It may have come all the same.
            await late?.free(digest, generation)
            throw error
        }
    }

    /// Leaves a copy to who frees it when it came too late to be named, or is not the one that counts.
    ///
    /// The sweep may have listed that generation before the copy came, and would not look at it again.
    private func dropSuperseded(_ stored: Stored) async {
        // What was there before is the sweep's to find.
        guard stored.isNew else { return }
        let late = late.withLock { $0 }
        await late?.free(stored.receipt.digest, stored.receipt.generation)
    }
}
