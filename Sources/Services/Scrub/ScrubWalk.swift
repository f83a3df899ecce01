// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTP
import Journal
import OCI
import Platform

/// One round: the catalog, the names, the copies.
struct ScrubWalk {
    let scrub: Scrub
    private let isUrgent: Bool
    private var round = Scrub.Round()
    private var pace: Pace

    init(scrub: Scrub, isUrgent: Bool) {
        self.scrub = scrub
        self.isUrgent = isUrgent
        pace = Pace(rate: scrub.options.rateMax)
    }

    mutating func round(
        _ progress: @Sendable () async -> Void
    ) async throws(ScrubError) -> Scrub.Round {
        var state = scrub.state
        if state.place == .idle {
            scrub.keepInSight(ScrubState.round(state.counts))
            let now = scrub.world.clocks.wallMilliseconds()
            try scrub.note { state in
                (state.place, state.began) = (.catalog, now)
                state.counts = ScrubState.counts(Scrub.Round())
            }
            state = scrub.state
        }
        round = ScrubState.round(state.counts)
        scrub.show(round)
        try await scrub.heal()
        while true {
            // A round by command makes room for nobody.
            if !isUrgent, scrub.isAwaited {
                round.isBrokenOff = true
                return round
            }
            let counts = ScrubState.counts(round)
            let (next, place) = (try await step(scrub.state.place), scrub.state.place)
            // Where nothing was looked at, nothing is worth a note.
            if next != place || counts != ScrubState.counts(round) {
                let round = round
                let now = scrub.world.clocks.wallMilliseconds()
                try scrub.note { state in
                    state.place = next
                    state.counts = ScrubState.counts(round)
                    if next == .idle { state.ended = now }
                }
            }
            scrub.show(round)
            await progress()
            guard next != .idle else {
                scrub.keepInSight(nil)
                return round
            }
        }
    }

    /// Does a part of the round and says what comes next.
    private mutating func step(
        _ place: ScrubState.Place
    ) async throws(ScrubError) -> ScrubState.Place {
        switch place {
        case .idle: return .idle
        case .catalog:
            try await lookAtCatalog()
            return .names(after: nil)
        case .names(let after): return try await lookForNames(after)
        case .copies(let generation, let after):
            pace = Pace(rate: rate)
            return try await lookAtCopies(generation, after)
        }
    }

    private var rate: UInt64 {
        guard !isUrgent else { return scrub.options.rateMax }
        // A tenth faster than the period asks for, so that the round is over when the next begins.
        let bytes =
            Double(scrub.state.bytesTotal) + Double(round.named) * Double(Pace.openingBytes)
        let needed = 1.1 * bytes / Double(max(1, scrub.options.period.components.seconds))
        let (rateMin, rateMax) = (scrub.options.rateMin, scrub.options.rateMax)
        return needed < Double(rateMax) ? min(max(UInt64(needed), rateMin), rateMax) : rateMax
    }

    // MARK: The catalog

    private mutating func lookAtCatalog() async throws(ScrubError) {
        var catalog = CatalogScrub(scrub.catalog)
        let outcome: Result<Void, ScrubError>
        do throws(ScrubError) {
            while true {
                let start = scrub.world.clocks.monotonic()
                guard try step(&catalog) else { break }
                // As many bytes as a step reads at most, where its rows are small.
                try await pace.wait(afterBytes: PagesRead.step, in: time(since: start), scrub)
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        do throws(CatalogError) { try catalog.finish() } catch { throw .catalog(error) }
        try outcome.get()
        round.catalog = catalog.findings
        let entries = catalog.findings.damagedEntries
        try scrub.note { $0.damagedEntries = entries }
        guard !entries.isEmpty || catalog.findings.needsRebuild else { return }
        await scrub.tell(.catalogDamaged(catalog.findings))
    }

    private func step(_ catalog: inout CatalogScrub) throws(ScrubError) -> Bool {
        do throws(CatalogError) { return try catalog.step() } catch { throw .catalog(error) }
    }

    private enum PagesRead {
        static let step = 1 << 20
    }

    // MARK: Names

    private mutating func lookForNames(
        _ after: Digest?
    ) async throws(ScrubError) -> ScrubState.Place {
        let limit = scrub.options.pageMax
        let start = scrub.world.clocks.monotonic()
        let page = try scrub.read { view throws(CatalogError) in
            try view.contents(after: after, limit: limit)
        }
        if after == nil { try scrub.note { $0.bytesTotal = 0 } }
        guard let last = page.last else { return .copies(0, after: nil) }
        for (digest, row) in page {
            round.named += 1
            do throws(BlobError) {
                guard try await scrub.blobs.stat(digest, generation: row.generation.number) == nil
                else { continue }
            } catch {
                try await note(unexamined: digest, row.generation.number, error)
                continue
            }
            // What lost its last name since the page was read may be gone.
            guard try scrub.read({ view throws(CatalogError) in try view.content(digest) }) == row
            else { continue }
            round.missing += 1
            try await lose(Scrub.Loss(digest: digest, generation: row.generation.number, flaw: nil))
        }
        let bytes = page.reduce(0) { $0 + $1.1.size }
        try scrub.note { $0.bytesTotal += bytes }
        try await pace.wait(
            afterBytes: page.count * Pace.openingBytes,
            in: time(since: start),
            scrub
        )
        return .names(after: last.0)
    }

    private func time(since start: Duration) -> Duration {
        scrub.world.clocks.monotonic() - start
    }

    // MARK: Copies

    private mutating func lookAtCopies(
        _ from: UInt64,
        _ after: Digest?
    ) async throws(ScrubError) -> ScrubState.Place {
        let generations: [UInt64]
        do throws(BlobError) { generations = try await scrub.blobs.generations() } catch {
            throw .blobs(error)
        }
        guard let generation = generations.first(where: { $0 >= from }) else { return .idle }
        let page: [Digest]
        do throws(BlobError) {
            page = try await scrub.blobs.page(
                generation: generation,
                after: generation == from ? after : nil,
                limit: scrub.options.pageMax
            )
        } catch {
            guard case .unlisted(let last, _) = error else { throw .blobs(error) }
            // What is named of it, the look for names has found out.
            try await note(unexamined: last, generation, error)
            return .copies(generation, after: last)
        }
        guard let last = page.last else {
            return generation == .max ? .idle : .copies(generation + 1, after: nil)
        }
        for digest in page {
            try await look(at: digest, generation)
            // A page of large copies takes long.
            scrub.show(round)
            guard isUrgent || !scrub.isAwaited else { return .copies(generation, after: digest) }
        }
        return .copies(generation, after: last)
    }

    private mutating func look(
        at digest: Digest,
        _ generation: UInt64
    ) async throws(ScrubError) {
        let (row, epoch) = try scrub.read { view throws(CatalogError) in
            (try view.content(digest), try view.epoch().number)
        }
        let isNamed = row?.generation.number == generation
        // The sweep's: nothing can name it any more.
        guard isNamed || generation + 2 > epoch else {
            round.orphans += 1
            return
        }
        try await pace.wait(afterBytes: Pace.openingBytes, in: .zero, scrub)
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

    private func lose(_ loss: Scrub.Loss) async throws(ScrubError) {
        await scrub.tell(.lost(loss))
        try scrub.note { $0.add(loss) }
        _ = try await scrub.heal(loss)
    }

    private mutating func note(
        unexamined digest: Digest,
        _ generation: UInt64,
        _ error: BlobError
    ) async throws(ScrubError) {
        round.unexamined += 1
        await scrub.tell(.unexamined(digest, generation: generation, error))
    }
}
