// SPDX-License-Identifier: Apache-2.0

public import Blobs
import Catalog
import HTTP
import Journal
public import OCI
import Synchronization

extension Registry {
    /// Sets a copy aside that has a flaw; from then on it is missing, for memory too.
    ///
    /// Where the disk takes no change it stays, and is refused at each reading as before.
    func setAside(
        _ copy: any FileRegion,
        of digest: Digest,
        _ row: ContentRow,
        because flaw: Flaw
    ) async -> Bool {
        defer { forget(digest) }
        do throws(BlobError) {
            let isSetAside = try await blobs.quarantine(
                copy,
                of: digest,
                generation: row.generation.number,
                because: flaw
            )
            if isSetAside, stillCounts(on: row, digest) { await noteLost(digest, row, flaw) }
            return isSetAside
        } catch {
            return false
        }
    }

    /// Whether the catalog may count on the copy of a row that was read before; where it cannot say, it may.
    private func stillCounts(on row: ContentRow, _ digest: Digest) -> Bool {
        do throws(RegistryError) { return try counts(on: row, digest) } catch { return true }
    }

    /// Lets memory answer no more from a digest whose copy was lost, so that HEAD asks the disk and who
    /// would push it sends its bytes.
    public func forget(_ digest: Digest) {
        answers.forget { $0.digest == digest }
    }

    /// Who keeps the list of what is lost.
    ///
    /// A value of its own, as `LateCopies` is.
    struct LossList: Sendable {
        var note: @Sendable (Digest, UInt64, Flaw?) async -> Void
    }

    /// Tells `note` of each digest whose copy a reading or a verification finds missing or sets aside: the
    /// generation under which the catalog counts on it, and what was wrong; nil when there was no copy.
    public func tellLosses(to note: @escaping @Sendable (Digest, UInt64, Flaw?) async -> Void) {
        losses.withLock { $0 = LossList(note: note) }
    }

    func noteLost(_ digest: Digest, _ row: ContentRow, _ flaw: Flaw?) async {
        let losses = losses.withLock { $0 }
        await losses?.note(digest, row.generation.number, flaw)
    }

    /// How much is set aside.
    public var quarantineTotals: QuarantineTotals { blobs.quarantineTotals }

    /// Up to `limit` copies that are set aside, with names greater than `after`.
    public func quarantined(
        after name: String,
        limit: Int
    ) async throws(RegistryError) -> [Quarantined] {
        do throws(BlobError) {
            return try await blobs.quarantined(after: name, limit: limit)
        } catch { throw .blobs(error) }
    }

    /// Removes what is set aside of a digest, or everything, and says how much that was.
    public func purgeQuarantine(of digest: Digest?) async throws(RegistryError) -> QuarantineTotals
    {
        var purged = QuarantineTotals()
        var after = ""
        while true {
            let page = try await quarantined(after: after, limit: Registry.quarantinePage)
            guard let last = page.last else { return purged }
            let chosen = page.filter { digest == nil || $0.digest == digest }
            do throws(BlobError) {
                for copy in chosen.isEmpty ? [] : try await blobs.purge(chosen) {
                    purged.count += 1
                    purged.bytes += copy.size ?? 0
                }
            } catch { throw .blobs(error) }
            after = last.name
        }
    }

    private static let quarantinePage = 500

    /// What a reader of lost content is told.
    func lost(_ digest: Digest) -> RegistryError {
        .contentLost(digest, mayReturn: options.hasRepairSources)
    }
}
