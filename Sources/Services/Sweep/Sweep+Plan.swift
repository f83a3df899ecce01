// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Journal
import OCI
import Platform

extension Sweep {
    /// What a round would free now, without freeing it; lists at most `limit` copies and counts all.
    public func plan(limit: Int) async throws(SweepError) -> Plan {
        var plan = Plan()
        let epoch = try read { view throws(CatalogError) in try view.epoch() }
        var state = state
        let now = world.clocks.wallMilliseconds()
        if state.beginsAnew(at: epoch, now) { state.beginAnew(at: epoch, now) }
        let last = epoch.number - Sweep.ageMin
        let gaps = try await planGaps(state, &plan, limit)
        func isPlanned(_ copy: Copy) -> Bool {
            state.doubts.contains(copy) || gaps.contains { $0.contains(copy) }
        }
        for copy in state.doubts.sorted() where copy.generation <= state.listed.number {
            guard !gaps.contains(where: { $0.contains(copy) }) else { continue }
            try await add([copy.digest], copy.generation, to: &plan, limit)
            try await pace(1)
        }
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
                } else if lost.generation <= state.listed,
                    !isPlanned(Copy(digest: lost.digest, generation: lost.generation.number))
                {
                    try await add([lost.digest], lost.generation.number, to: &plan, limit)
                }
            }
            place = end.place
            try await pace(page.count)
        }
    }

    /// Plans what is listed again, and returns what could be listed to its end.
    ///
    /// Those that the listing of whole generations meets too are left to it.
    private func planGaps(
        _ state: SweepState,
        _ plan: inout Plan,
        _ limit: Int
    ) async throws(SweepError) -> [SweepState.Gap] {
        var listed: [SweepState.Gap] = []
        for gap in state.gaps.sorted() where gap.generation <= state.listed.number {
            var listing = Listing(sweep: self, generation: gap.generation, after: gap.after)
            var isInside = true
            let unlisted = plan.unlisted
            while isInside, let part = try await listing.next() {
                switch part {
                case .copies(let page):
                    let inside = page.filter { $0 <= gap.last }
                    isInside = inside.count == page.count
                    try await add(inside, gap.generation, to: &plan, limit)
                    try await pace(inside.count)
                case .unlisted(let found):
                    isInside = found.last < gap.last
                    plan.unlisted += 1
                }
            }
            if plan.unlisted == unlisted { listed.append(gap) }
        }
        return listed
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
