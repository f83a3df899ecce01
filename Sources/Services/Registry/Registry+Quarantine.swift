// SPDX-License-Identifier: Apache-2.0

public import Blobs
import Catalog
import HTTP
import Journal
public import OCI

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
            return try await blobs.quarantine(
                copy,
                of: digest,
                generation: row.generation.number,
                because: flaw
            )
        } catch {
            return false
        }
    }

    /// Lets memory answer no more from a digest whose copy was lost, so that HEAD asks the disk and who
    /// would push it sends its bytes.
    public func forget(_ digest: Digest) {
        answers.forget { $0.digest == digest }
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
