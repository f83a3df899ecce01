// SPDX-License-Identifier: Apache-2.0

import OCI

extension Walk {
    /// Looks again at what earlier rounds left, and at what others doubt; false when it was paused.
    mutating func lookAgain() async throws(SweepError) -> Bool {
        for gap in sweep.state.gaps.sorted() {
            guard try await lookAgain(gap) else { return false }
        }
        let doubts = Dictionary(grouping: sweep.state.doubts, by: \.generation)
        for (generation, copies) in doubts.sorted(by: { $0.key < $1.key }) {
            var ahead = copies.map(\.digest).sorted()[...]
            while !ahead.isEmpty {
                let page = Array(ahead.prefix(sweep.options.pageMax))
                ahead = ahead.dropFirst(page.count)
                try await lookAgain(page, generation)
                guard try await rest(after: page.count) else { return false }
            }
        }
        // Those that are none any more.
        noteIfPossible { _ in }
        return true
    }

    /// Notes what costs work alone where the file does not say it: a full disk must not keep the sweep from
    /// making room.
    ///
    /// Each note says everything that memory knows, and that the last one of a round fails is told.
    func noteIfPossible(_ change: (inout SweepState) -> Void) {
        do throws(SweepError) { try sweep.note(change) } catch {
            // Memory has it, and with it the next note.
        }
    }

    /// What is in doubt still is so again; until that is known, the file has them all.
    private mutating func lookAgain(
        _ digests: [Digest],
        _ generation: UInt64
    ) async throws(SweepError) {
        let copies = digests.map { Sweep.Copy(digest: $0, generation: generation) }
        sweep.takeUp(copies)
        defer { sweep.release(copies) }
        do throws(SweepError) { try await free(digests, generation) } catch {
            sweep.keepInDoubt(copies)
            // A page of the catalog that fails its check keeps nothing else from being looked at.
            guard case .catalog = error else { throw error }
            tell(
                copies.map {
                    Sweep.Doubt(digest: $0.digest, generation: generation, reason: .isUnreadable)
                }
            )
        }
    }

    /// Looks at what the disk did not list; false when it was paused.
    private mutating func lookAgain(_ gap: SweepState.Gap) async throws(SweepError) -> Bool {
        var listing = Listing(sweep: sweep, generation: gap.generation, after: gap.after)
        var left: [SweepState.Gap] = []
        var isInside = true
        while isInside, let part = try await listing.next() {
            switch part {
            case .copies(let page):
                let inside = page.filter { $0 <= gap.last }
                isInside = inside.count == page.count
                try await free(inside, gap.generation)
                guard try await rest(after: inside.count) else { return false }
            case .unlisted(let found):
                isInside = found.last < gap.last
                left.append(found)
            }
        }
        noteIfPossible { [left] state in
            state.gaps.remove(gap)
            for found in left { state.add(found) }
        }
        tell(left.map(\.doubt))
        return true
    }
}
