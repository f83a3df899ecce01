// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Journal
import OCI

extension Sweep {
    /// What a round would free now, without freeing it; lists at most `limit` copies and counts all.
    public func plan(limit: Int) async throws(SweepError) -> Plan {
        var plan = Plan()
        let epoch = try read { view throws(CatalogError) in try view.epoch() }
        var state = state
        if state.beginsAnew(at: epoch) { state.beginAnew() }
        let last = epoch.number - Sweep.ageMin
        try await planListing(behind: state.listed.number, upTo: last, &plan, limit)
        var place = state.place
        while true {
            let page = try read { view throws(CatalogError) in
                try view.unnamed(after: place, limit: options.pageMax)
            }
            guard let end = page.last else { return plan }
            for lost in page {
                if lost.generation.number > last {
                    plan.laterCount += 1
                    plan.laterBytes += lost.size
                } else if lost.generation <= state.listed {
                    try await add([lost.digest], lost.generation.number, to: &plan, limit)
                }
            }
            place = end.place
            try await pace(page.count)
        }
    }

    private func planListing(
        behind listed: UInt64,
        upTo last: UInt64,
        _ plan: inout Plan,
        _ limit: Int
    ) async throws(SweepError) {
        let generations: [UInt64]
        do throws(BlobError) { generations = try await blobs.generations() } catch {
            throw .blobs(error)
        }
        for generation in generations where generation > listed && generation <= last {
            var listing = Listing(sweep: self, generation: generation)
            while let part = try await listing.next() {
                switch part {
                case .copies(let page):
                    try await add(page, generation, to: &plan, limit)
                    try await pace(page.count)
                case .unlisted: plan.unlisted += 1
                }
            }
        }
    }

    private func add(
        _ digests: [Digest],
        _ generation: UInt64,
        to plan: inout Plan,
        _ limit: Int
    ) async throws(SweepError) {
        let found = try await Candidates(sweep: self, generation: generation).among(digests)
        for candidate in found.candidates {
            plan.count += 1
            plan.bytes += candidate.size
            if plan.candidates.count < limit { plan.candidates.append(candidate) }
        }
    }
}
