// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTP
import Journal
import OCI
import Platform

extension ScrubWalk {
    /// Reads a page of copies: `limit` or the usual number of them, or what takes `pageTime`.
    mutating func lookAtCopies(
        _ from: UInt64,
        _ after: Digest?,
        limit: Int?
    ) async throws(ScrubError) -> ScrubState.Place {
        let generations: [UInt64]
        do throws(BlobError) { generations = try await scrub.blobs.generations() } catch {
            throw .blobs(error)
        }
        guard let generation = generations.first(where: { $0 >= from }) else { return .idle }
        var behind = generation == from ? after : nil
        let page: [Digest]
        do throws(BlobError) {
            page = try await scrub.blobs.page(
                generation: generation,
                after: behind,
                limit: limit ?? scrub.options.pageMax
            )
        } catch {
            guard case .unlisted(let last, _) = error else { throw .blobs(error) }
            // What is named of it, the look for names has found out.
            try await note(unexamined: last, generation, error)
            return .copies(generation, after: last)
        }
        guard !page.isEmpty else {
            return generation == .max ? .idle : .copies(generation + 1, after: nil)
        }
        let start = scrub.world.clocks.monotonic()
        for digest in page {
            try await look(at: digest, generation, behind: behind)
            behind = digest
            whole = (
                place: .copies(generation, after: digest), counts: ScrubState.counts(round)
            )
            // A page of large copies takes long.
            scrub.show(round)
            guard time(since: start) < ScrubWalk.pageTime else { break }
        }
        return .copies(generation, after: behind)
    }

    /// Time after which a page of copies ends, and its place is noted.
    private static let pageTime = Duration.seconds(60)

    private mutating func look(
        at digest: Digest,
        _ generation: UInt64,
        behind: Digest?
    ) async throws(ScrubError) {
        let (row, epoch) = try scrub.read { view throws(CatalogError) in
            (try view.content(digest), try view.epoch().number)
        }
        let isNamed = row?.generation.number == generation
        // The sweep's: nothing can name it any more.
        guard isNamed || generation + 2 > epoch else {
            round.orphans += 1
            return await scrub.tell(.orphaned(digest, generation: generation))
        }
        if isNamed, let size = row?.size, Duration.seconds(size / pace.rate) >= ScrubWalk.pageTime {
            try noteBegun(at: .copies(generation, after: behind, isBegun: true))
        }
        let examination = Examination(
            scrub: scrub,
            digest: digest,
            generation: generation,
            size: isNamed ? row?.size : nil
        )
        switch try await examination.verdict(&pace, &round.bytes) {
        case .sound: round.copies += 1
        case .gone: break
        case .unknown(let error): try await note(unexamined: digest, generation, error)
        case .flawed(let copy, let flaw):
            round.copies += 1
            let loss = Scrub.Loss(digest: digest, generation: generation, flaw: flaw)
            try await setAside(copy, loss)
        }
    }

    /// Notes that a copy was begun that takes long.
    ///
    /// There is no place inside a copy: who is stopped in it begins it again, at the greatest rate then.
    private mutating func noteBegun(at place: ScrubState.Place) throws(ScrubError) {
        whole = nil
        let counts = ScrubState.counts(round)
        try scrub.note { state in
            state.place = place
            state.counts = counts
        }
    }

    private mutating func setAside(
        _ copy: any FileRegion,
        _ loss: Scrub.Loss
    ) async throws(ScrubError) {
        do throws(BlobError) {
            let isAside = try await scrub.blobs.quarantine(
                copy,
                of: loss.digest,
                generation: loss.generation,
                because: loss.flaw ?? .bytes
            )
            // Another copy has its place.
            guard isAside else { return }
        } catch {
            return try await note(unexamined: loss.digest, loss.generation, error)
        }
        round.setAside += 1
        try await lose(loss)
    }

    func lose(_ loss: Scrub.Loss) async throws(ScrubError) {
        await scrub.tell(.lost(loss))
        try scrub.note { $0.add(loss) }
        _ = try await scrub.heal(loss)
    }

    mutating func note(
        unexamined digest: Digest,
        _ generation: UInt64,
        _ error: BlobError
    ) async throws(ScrubError) {
        round.unexamined += 1
        await scrub.tell(.unexamined(digest, generation: generation, error))
    }
}
