// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTP
import Journal
import OCI
import Registry
import Scrub

extension ControlHandler {
    func scrubStatus() -> Wire.Scrub {
        let status = scrub.status
        return Wire.Scrub(
            isRunning: status.isRunning,
            round: status.round.map { Wire.ScrubRound($0) },
            bytesTotal: status.bytesTotal,
            roundSecondsAgo: status.sinceRound.map { Int($0.components.seconds) },
            losses: status.losses.map { loss in
                Wire.ScrubLoss(
                    digest: loss.digest.description,
                    generation: loss.generation,
                    flaw: loss.flaw?.rawValue
                )
            },
            damagedEntries: status.damagedEntries.map { place in
                Wire.ScrubEntry(scope: "\(place.scope)", position: place.position)
            },
            repaired: status.repaired
        )
    }

    var scrubGlance: Wire.ScrubGlance {
        let status = scrub.status
        return Wire.ScrubGlance(
            roundSecondsAgo: status.sinceRound.map { Int($0.components.seconds) },
            lost: UInt64(status.losses.count),
            damagedEntries: UInt64(status.damagedEntries.count),
            unexamined: status.unexamined,
            // After a restart it is known of a round that looks at the catalog alone.
            isCompared: status.isRunning || status.round?.catalog.entries ?? 0 == 0
                ? nil : status.round?.catalog.isCompared
        )
    }

    /// Does a whole round; the one under way makes room for it.
    func runScrub() async throws -> Wire.ScrubRound {
        try work.begin("read everything again", unit: "bytes")
        defer { work.end() }
        let (work, scrub) = (work, scrub)
        do throws(ScrubError) {
            let round = try await scrub.runNow {
                let status = scrub.status
                let total = status.bytesTotal
                work.advance(to: status.round?.bytes ?? 0, of: total > 0 ? total : nil)
            }
            return Wire.ScrubRound(round)
        } catch {
            switch error {
            case .busy:
                throw Wire.Problem(
                    message: "another round by command waits already",
                    isRefusal: true
                )
            case .catalog(let error): throw Wire.Problem(.catalog(error))
            case .blobs(let error): throw Wire.Problem(.blobs(error))
            case .cancelled:
                throw Wire.Problem(message: "the server stops; run it again", isRefusal: true)
            }
        }
    }
}

extension Wire.ScrubRound {
    init(_ round: Scrub.Round) {
        self.init(
            copies: round.copies,
            bytes: round.bytes,
            named: round.named,
            setAside: round.setAside,
            missing: round.missing,
            orphans: round.orphans,
            unexamined: round.unexamined,
            pages: round.catalog.pages,
            damagedPages: round.catalog.damagedPages,
            unusedPages: round.catalog.unusedPages,
            entries: round.catalog.entries,
            differences: round.catalog.differences,
            isCompared: round.catalog.isCompared,
            isBrokenOff: round.isBrokenOff,
            isSound: round.isSound
        )
    }
}
