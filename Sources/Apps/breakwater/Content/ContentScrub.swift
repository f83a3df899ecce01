// SPDX-License-Identifier: Apache-2.0

import ControlAPI

extension Commands {
    /// `breakwater content scrub`.
    static let contentScrub = Command(
        words: ["content", "scrub"],
        summary: "read everything again now: the catalog, its journals and every copy",
        options: Session.options,
        run: { invocation in
            await Session(invocation).runLongWork(
                "scrub/run",
                text: { (round: Wire.ScrubRound) in lines(round) },
                ending: { $0.isSound ? .success : .damage }
            )
        }
    )

    /// `breakwater content scrub status`.
    static let contentScrubStatus = Command(
        words: ["content", "scrub", "status"],
        summary: "show what the newest scrub found, and what has no sound copy now",
        options: Session.options,
        run: { invocation in
            await Session(invocation).run("GET", "scrub") { (scrub: Wire.Scrub) in lines(scrub) }
        }
    )

    private static func lines(_ scrub: Wire.Scrub) -> [String] {
        let age = scrub.roundSecondsAgo.map { "\($0) s ago" } ?? "never yet"
        var lines = [
            "state      \(scrub.isRunning ? "running" : "waiting")",
            "last whole round ended \(age)",
            "losses     \(scrub.losses.count) digests have no sound copy here",
            "repaired   \(scrub.repaired) since the start",
        ]
        lines += scrub.losses.map { loss in
            "lost       \(loss.digest)  generation \(loss.generation)  \(loss.flaw ?? "missing")"
        }
        lines += scrub.damagedEntries.map {
            "damaged    entry \($0.position) of the \($0.scope) journal"
        }
        guard let round = scrub.round else { return lines }
        return lines + Commands.lines(round)
    }

    private static func lines(_ round: Wire.ScrubRound) -> [String] {
        var lines = [
            "read       \(round.copies) copies, \(Units.bytes(round.bytes)); \(round.named) digests are named",
            "found      \(round.setAside) copies set aside, \(round.missing) missing, "
                + "\(round.unexamined) that could not be looked at, \(round.orphans) that nothing names",
            "catalog    \(round.pages) pages and \(round.entries) entries read, "
                + (round.isCompared ? "all rows compared" : "rows not compared"),
        ]
        if !round.damagedPages.isEmpty || !round.unusedPages.isEmpty {
            lines.append(
                "pages      \(round.damagedPages.count) damaged, \(round.unusedPages.count) damaged that "
                    + "nothing uses"
            )
        }
        lines += round.differences.map { "differs    \($0)" }
        if round.isBrokenOff { lines.append("broken off before its end") }
        return lines
    }
}
