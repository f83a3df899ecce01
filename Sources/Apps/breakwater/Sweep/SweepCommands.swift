// SPDX-License-Identifier: Apache-2.0

import ControlAPI

extension Commands {
    /// `breakwater sweep status`.
    static let sweepStatus = Command(
        words: ["sweep", "status"],
        summary: "show where the sweep stands",
        options: Session.options,
        run: { invocation in
            await Session(invocation).run("GET", "sweep") { (sweep: Wire.Sweep) in lines(sweep) }
        }
    )

    /// `breakwater sweep plan`.
    static let sweepPlan = Command(
        words: ["sweep", "plan"],
        summary: "list what the sweep would free now, and why",
        options: Session.options,
        run: { invocation in
            await Session(invocation).run("GET", "sweep/plan") { (plan: Wire.SweepPlan) in
                lines(plan)
            }
        }
    )

    /// `breakwater sweep run`.
    static let sweepRun = Command(
        words: ["sweep", "run"],
        summary: "raise the epoch and free what nothing names, now",
        options: Session.options,
        run: { invocation in
            await Session(invocation).runLongWork(
                "sweep/run",
                text: { (round: Wire.SweepRound) in lines(round) },
                ending: { (round: Wire.SweepRound) in
                    guard round.doubted == 0 else { return .damage }
                    return round.unended == nil ? .success : .failure
                }
            )
        }
    )

    /// `breakwater sweep pause`.
    static let sweepPause = sweepSwitch("pause", "stop the sweep, over restarts too")

    /// `breakwater sweep resume`.
    static let sweepResume = sweepSwitch("resume", "let the sweep go on")

    private static func sweepSwitch(_ word: String, _ summary: String) -> Command {
        Command(
            words: ["sweep", word],
            summary: summary,
            options: Session.options,
            run: { invocation in
                await Session(invocation).run("POST", "sweep/\(word)") { (sweep: Wire.Sweep) in
                    lines(sweep)
                }
            }
        )
    }

    private static func lines(_ plan: Wire.SweepPlan) -> [String] {
        var lines = plan.candidates.map(line)
        let rest = plan.count - min(plan.count, UInt64(plan.candidates.count))
        if rest > 0 { lines.append("and \(rest) more") }
        lines.append("now    \(plan.count) copies, \(Units.bytes(plan.bytes))")
        lines.append(
            "later  \(plan.laterCount) copies, \(Units.bytes(plan.laterBytes)): they wait for the "
                + "epoch to rise"
        )
        if plan.unlisted > 0 {
            lines.append("not listed by the disk: \(plan.unlisted) directories")
        }
        return lines
    }

    private static func lines(_ sweep: Wire.Sweep) -> [String] {
        let state = sweep.isPaused ? "paused" : sweep.isRunning ? "running" : "waiting"
        var lines = [
            "state   \(state)",
            "epoch   \(sweep.epoch); generations up to \(sweep.listed) were listed",
            "freed   \(sweep.freed) copies, \(Units.bytes(sweep.freedBytes)) since the start",
        ]
        if let round = sweep.round {
            let ago = sweep.isRunning ? nil : sweep.roundSecondsAgo.map { ", \($0) s ago" }
            lines.append("round   \(line(round))\(ago ?? "")")
            if sweep.isRunning, round.expected > round.looked {
                let left = sweep.secondsLeft.map { ", about \(Units.time($0)) left" } ?? ""
                lines.append("ahead   looks at about \(round.expected) copies\(left)")
            }
            lines += round.doubts.map(line)
        }
        return lines
    }

    private static func lines(_ round: Wire.SweepRound) -> [String] {
        var lines = [line(round)] + round.doubts.map(line)
        if let cause = round.unended { lines.append("not all that was due has ended: \(cause)") }
        return lines
    }

    private static func line(_ round: Wire.SweepRound) -> String {
        var line =
            "freed \(round.freed) of \(round.looked) copies, \(Units.bytes(round.freedBytes))"
        if round.isBrokenOff { line += "; paused before the end" }
        if round.doubted > 0 {
            line +=
                "; \(round.doubted) were left, for it cannot be sure of them: see the runbook on space "
                + "that does not come back"
        }
        return line
    }

    private static func line(_ doubt: Wire.SweepDoubt) -> String {
        "left    \(doubt.digest)  generation \(doubt.generation)  \(doubt.reason)"
    }

    private static func line(_ candidate: Wire.SweepCandidate) -> String {
        let reason =
            candidate.unnamedAt.map { "its last name ended at region entry \($0)" }
            ?? "no entry that is still known named it"
        return "\(candidate.digest)  generation \(candidate.generation)  "
            + "\(Units.bytes(candidate.size))  \(reason)"
    }
}
