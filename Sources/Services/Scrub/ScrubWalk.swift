// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Journal
import OCI
import Platform

/// One round: the catalog, the names, the copies.
struct ScrubWalk {
    let scrub: Scrub
    private let isUrgent: Bool
    var round = Scrub.Round()
    var pace: Pace
    /// The place behind the newest whole copy and the counts up to there, until they are noted.
    var whole: (place: ScrubState.Place, counts: [UInt64])?

    init(scrub: Scrub, isUrgent: Bool) {
        self.scrub = scrub
        self.isUrgent = isUrgent
        pace = Pace(rate: scrub.options.rateMax, isUrgent: isUrgent, yields: !isUrgent)
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
            let counts = ScrubState.counts(round)
            let next: ScrubState.Place
            do throws(ScrubError) {
                // What reads nothing waits for nothing.
                try pace.makeRoom(scrub)
                next = try await step(scrub.state.place)
            } catch {
                try noteWhole(at: error)
                guard case .busy = error else { throw error }
                round.isBrokenOff = true
                return round
            }
            // Where nothing was looked at, nothing is worth a note.
            if next != scrub.state.place || counts != ScrubState.counts(round) {
                let round = round
                let now = scrub.world.clocks.wallMilliseconds()
                try scrub.note { state in
                    state.place = next
                    state.counts = ScrubState.counts(round)
                    if next == .idle { state.ended = now }
                }
            }
            whole = nil
            scrub.show(round)
            await progress()
            guard next != .idle else {
                scrub.keepInSight(nil)
                return round
            }
        }
    }

    /// Notes what was read whole since the last note, for the next round to go on behind it.
    private func noteWhole(at error: ScrubError) throws(ScrubError) {
        switch error {
        // A disk that failed may have ended the process.
        case .catalog, .blobs: return
        case .cancelled, .busy: break
        }
        guard let whole else { return }
        try scrub.note { state in
            state.place = whole.place
            state.counts = whole.counts
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
        case .copies(let generation, let after, let isBegun):
            pace = Pace(rate: isBegun ? scrub.options.rateMax : rate, isUrgent: isUrgent)
            return try await lookAtCopies(generation, after, limit: isBegun ? 1 : nil)
        }
    }

    /// What the period asks for.
    ///
    /// A tenth more, so that the round is over when the next begins. Where a stop or others have held it
    /// up, what is left is read in the time that is left, and at the greatest rate when there is none.
    private var rate: UInt64 {
        let (rateMin, rateMax) = (scrub.options.rateMin, scrub.options.rateMax)
        let (state, now) = (scrub.state, scrub.world.clocks.wallMilliseconds())
        let period: Double = scrub.options.period / .seconds(1)
        let passed = Double(now - min(now, state.began)) / 1000
        guard !isUrgent, passed < period else { return rateMax }
        let opening = Double(Pace.openingBytes)
        let all = Double(state.bytesTotal) + Double(round.named) * opening
        let left = max(0, all - Double(round.bytes) - Double(round.copies) * opening)
        // Never slower than at the begin: there may be copies that nothing names.
        let needed = max(
            all * ScrubWalk.haste / period,
            left / max(period / ScrubWalk.haste - passed, period / ScrubWalk.partsOfPeriod)
        )
        return needed < Double(rateMax) ? min(max(UInt64(needed), rateMin), rateMax) : rateMax
    }

    /// How much faster than its period asks for a round is.
    private static let haste = 1.1
    /// What is left is given one of so many parts of the period at least, lest it come at once.
    private static let partsOfPeriod = 100.0

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
        // Before they are counted: a page is looked at again where the round ends here.
        try await pace.wait(
            afterBytes: page.count * Pace.openingBytes,
            in: time(since: start),
            scrub
        )
        let bytes = page.reduce(0) { $0 + $1.1.size }
        try scrub.note { $0.bytesTotal += bytes }
        return .names(after: last.0)
    }

    func time(since start: Duration) -> Duration {
        scrub.world.clocks.monotonic() - start
    }
}
