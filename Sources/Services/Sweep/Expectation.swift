// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Journal
import OCI

/// About how many copies a round will look at.
///
/// How many a generation has, nobody counts: digests are spread evenly and pages are in their order, so
/// the end of its first page tells how many there are. It is for people and their alerts; nothing is
/// decided by it.
struct Expectation {
    /// Generations that are looked into; the others are taken to be like these.
    private static let sampledMax = 32
    /// The most copies that are expected; no store has as many.
    private static let copiesMax = 1e10
    /// Names that ended and are counted, at most.
    private static let namesMax = 1_000_000

    let sweep: Sweep

    /// Copies of the generations that are to be listed up to the last, of what lost its last name, and those in
    /// doubt; 0 where that cannot be said, of which the round itself will tell.
    func copies(upTo last: UInt64) async -> UInt64 {
        do throws(SweepError) { return try await counted(upTo: last) } catch { return 0 }
    }

    private func counted(upTo last: UInt64) async throws(SweepError) -> UInt64 {
        let state = sweep.state
        let all: [UInt64]
        do throws(BlobError) { all = try await sweep.blobs.generations() } catch {
            throw .blobs(error)
        }
        let due = all.filter { $0 > state.listed.number && $0 <= last }
        let stride = max(1, (due.count + Expectation.sampledMax - 1) / Expectation.sampledMax)
        var (sampled, copies) = (0, 0.0)
        for generation in Swift.stride(from: 0, to: due.count, by: stride).map({ due[$0] }) {
            sampled += 1
            copies += try await self.copies(of: generation)
        }
        if sampled > 0 { copies *= Double(due.count) / Double(sampled) }
        let names = try sweep.read { view throws(CatalogError) in
            try view.unnamedCount(
                after: state.place,
                upTo: Generation(last),
                limit: Expectation.namesMax
            )
        }
        let doubts = UInt64(state.doubts.count)
        return UInt64(min(copies.rounded(), Expectation.copiesMax)) + names + doubts
    }

    private func copies(of generation: UInt64) async throws(SweepError) -> Double {
        let limit = sweep.options.pageMax
        let page: [Digest]
        do throws(BlobError) {
            page = try await sweep.blobs.page(generation: generation, after: nil, limit: limit)
        } catch { throw .blobs(error) }
        return Expectation.copies(firstPage: page, limit: limit)
    }

    /// How many there are in all, where these are the first of them.
    static func copies(firstPage page: [Digest], limit: Int) -> Double {
        guard page.count >= limit, let last = page.last else { return Double(page.count) }
        // Those of one algorithm stand together.
        let alike = page.count { $0.algorithm == last.algorithm }
        let prefix = last.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let share = max(Double(prefix), 1) / 0x1p64
        return Double(page.count - alike) + Double(alike) / share
    }
}
