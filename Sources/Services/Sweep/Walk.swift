// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Journal
import OCI
import Platform

/// One pass over what may be freed: what was in doubt, then whole generations, then what lost its last
/// name since.
///
/// In this order, and names only when generations are done: a copy that loses its name while its
/// generation is listed, behind the place the listing has reached, is found by its name alone.
struct Walk {
    let sweep: Sweep
    private var round = Sweep.Round()
    private var doubted: Set<Sweep.Copy> = []
    /// The most that are told apart; beyond them the number is told alone.
    private static let doubtedMax = 10_000
    /// So many names whose copies are too young count as one copy looked at: of these the catalog is asked
    /// alone.
    private static let namesPerCopy = 64
    /// After so many pages of nothing but such names their place is noted; without the note they are read again.
    private static let pagesPerNote = 64

    init(sweep: Sweep) {
        self.sweep = sweep
    }

    /// Frees what it finds.
    mutating func round() async throws(SweepError) -> Sweep.Round {
        guard !sweep.state.isPaused else {
            round.isBrokenOff = true
            return round
        }
        let epoch = try sweep.read { view throws(CatalogError) in try view.epoch() }
        round.epoch = epoch.number
        sweep.show(round)
        let now = sweep.world.clocks.wallMilliseconds()
        if sweep.state.beginsAnew(at: epoch, now) {
            noteIfPossible { $0.beginAnew(at: epoch, now) }
        }
        let last = epoch.number - Sweep.ageMin
        round.expected = await Expectation(sweep: sweep).copies(upTo: last)
        sweep.show(round)
        guard try await lookAgain() else { return broken() }
        guard try await listGenerations(upTo: last) else { return broken() }
        guard try await followNames() else { return broken() }
        // Where the disk was full on the way, only memory knows how far it came.
        try sweep.note { _ in }
        return round
    }

    private mutating func broken() -> Sweep.Round {
        round.isBrokenOff = true
        sweep.show(round)
        return round
    }

    /// False when it was paused.
    private mutating func listGenerations(upTo last: UInt64) async throws(SweepError) -> Bool {
        let generations: [UInt64]
        do throws(BlobError) { generations = try await sweep.blobs.generations() } catch {
            throw .blobs(error)
        }
        for generation in generations where generation <= last {
            guard generation > sweep.state.listed.number else { continue }
            var listing = Listing(sweep: sweep, generation: generation)
            while let part = try await listing.next() {
                switch part {
                case .copies(let page):
                    try await free(page, generation)
                    guard try await rest(after: page.count) else { return false }
                case .unlisted(let gap):
                    noteIfPossible { $0.add(gap) }
                    tell([gap.doubt])
                }
            }
            noteIfPossible { $0.listed = Generation(generation) }
        }
        if last > sweep.state.listed.number {
            noteIfPossible { $0.listed = Generation(last) }
        }
        return true
    }

    /// False when it was paused.
    private mutating func followNames() async throws(SweepError) -> Bool {
        var (place, unnoted, young) = (sweep.state.place, 0, 0)
        while true {
            var state = sweep.state
            state.place = place
            let (page, epoch) = try sweep.read { view throws(CatalogError) in
                (
                    try view.unnamed(after: place, limit: sweep.options.pageMax),
                    try view.epoch()
                )
            }
            // A round so long that names ended behind it are forgotten: the next one looks at everything.
            guard !state.forgets(at: epoch) else {
                let now = sweep.world.clocks.wallMilliseconds()
                noteIfPossible { $0.beginAnew(at: epoch, now) }
                return false
            }
            guard let last = page.last else {
                // Nothing ended since: what the catalog will forget was seen.
                if place.epoch < epoch.number { place = .before(epoch: epoch.number) }
                if place != sweep.state.place { noteIfPossible { $0.place = place } }
                return true
            }
            let due = page.filter { $0.generation <= state.listed }
            for generation in Set(due.map(\.generation.number)).sorted() {
                let digests = due.filter { $0.generation.number == generation }.map(\.digest)
                try await free(digests, generation)
            }
            (place, unnoted) = (last.place, unnoted + 1)
            // What ends from here on is for the next round: else it would follow who deletes for ever.
            let isEnd = page.count < sweep.options.pageMax
            if !due.isEmpty || isEnd || unnoted == Walk.pagesPerNote {
                noteIfPossible { $0.place = place }
                unnoted = 0
            }
            young += page.count - due.count
            let paced = due.count + young / Walk.namesPerCopy
            young %= Walk.namesPerCopy
            guard try await rest(after: paced) else { return false }
            if isEnd { return true }
        }
    }

    /// Frees those copies of a generation that the catalog does not count on.
    mutating func free(_ digests: [Digest], _ generation: UInt64) async throws(SweepError) {
        let found = try await Candidates(sweep: sweep, generation: generation).among(digests)
        round.looked += UInt64(digests.count)
        let copies = found.candidates.map(\.copy)
        sweep.hold(copies)
        defer { sweep.release(copies) }
        let gone: Set<Digest>
        do throws(SweepError) {
            gone = try await sweep.delete(copies, found.absent, generation: generation)
        } catch {
            // Whether they are gone, nobody knows: they are looked at again.
            doubt(found.doubted + found.candidates.map { Sweep.Doubt($0, .isStuck) })
            throw error
        }
        let freed = found.candidates.filter { gone.contains($0.digest) }
        round.freed += UInt64(freed.count)
        round.freedBytes += freed.reduce(0) { $0 + $1.size }
        sweep.show(round)
        if !freed.isEmpty { sweep.tell(freed) }
        let left = found.candidates.filter { !gone.contains($0.digest) }
        doubt(found.doubted + (await stillThere(left)).map { Sweep.Doubt($0, .isStuck) })
    }

    /// Those of the copies that could not be deleted; the others somebody else freed at the same moment, as
    /// who stored one too late to be named does.
    private func stillThere(_ copies: [Sweep.Candidate]) async -> [Sweep.Candidate] {
        var left: [Sweep.Candidate] = []
        for copy in copies {
            do throws(BlobError) {
                if try await sweep.blobs.stat(copy.digest, generation: copy.generation) != nil {
                    left.append(copy)
                }
            } catch {
                left.append(copy)
            }
        }
        return left
    }

    /// Has the next round look at these again; whatever is noted later says so too.
    private mutating func doubt(_ doubts: [Sweep.Doubt]) {
        guard !doubts.isEmpty else { return }
        noteIfPossible { state in
            for doubt in doubts { state.add(doubt.copy) }
        }
        tell(doubts)
    }

    /// Tells what was left.
    mutating func tell(_ doubts: [Sweep.Doubt]) {
        for doubt in doubts where doubted.count < Walk.doubtedMax {
            guard doubted.insert(doubt.copy).inserted else { continue }
            if round.doubts.count < Sweep.Round.doubtsListedMax { round.doubts.append(doubt) }
        }
        round.doubted = UInt64(doubted.count)
        sweep.show(round)
    }

    /// Waits as the rate asks; false when it was paused meanwhile.
    func rest(after count: Int) async throws(SweepError) -> Bool {
        try await sweep.pace(count)
        return !sweep.state.isPaused
    }
}

extension Sweep.Doubt {
    fileprivate init(_ copy: Sweep.Candidate, _ reason: Reason) {
        self.init(digest: copy.digest, generation: copy.generation, reason: reason)
    }
}

extension Unnamed.Place {
    /// Behind everything that happened in earlier epochs.
    static func before(epoch: UInt64) -> Unnamed.Place {
        Unnamed.Place(epoch: epoch, position: 0, digest: nil)
    }
}
