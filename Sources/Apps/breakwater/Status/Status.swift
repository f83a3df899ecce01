// SPDX-License-Identifier: Apache-2.0

import ControlAPI

extension Commands {
    /// `breakwater status`: the overview.
    static let status = Command(
        words: ["status"],
        summary: "show the running server at a glance",
        options: Session.options,
        run: { invocation in
            await Session(invocation).run("GET", "status") { (status: Wire.Status) in
                lines(status)
            }
        }
    )

    private static func lines(_ status: Wire.Status) -> [String] {
        var lines = [
            "version    \(status.version), up \(status.uptimeSeconds) s",
            "writes     \(status.takesWrites ? "taken" : "refused: \(status.refusal ?? "")")",
            "journals   region at \(status.regionPosition), estate at \(status.estatePosition)",
            "sweep      epoch \(status.epoch), \(line(status.sweep))",
            "scrub      \(line(status.scrub))",
            "trash      \(status.trashed) manifests",
            "clock      \(line(status.clock))",
            "uploads    \(status.uploadsOpen) open",
            "disk       \(status.freeBytes.map(Units.bytes) ?? "an unknown size is") free",
            "pages      \(status.pageCheckFailures) failed their check",
            "quarantine \(status.quarantinedCopies) copies, \(Units.bytes(status.quarantinedBytes))",
            "estate     \(status.names.estate), id \(status.estate)",
            "region     \(status.names.region), id \(status.region)",
            "zone       \(status.names.zone)",
            "node       \(status.names.node), id \(status.node)",
            "store      \(status.store)",
        ]
        if let work = status.work {
            let total = work.total.map { " of \($0)" } ?? ""
            lines.append("work       \(work.step): \(work.done)\(total) \(work.unit)")
        }
        return lines
    }

    private static func line(_ sweep: Wire.SweepGlance) -> String {
        var line =
            sweep.roundSecondsAgo.map { "round ended \(Units.time($0)) ago" } ?? "no round yet"
        if sweep.isPaused { line += "; paused" }
        if sweep.doubted > 0 { line += "; \(sweep.doubted) copies left in doubt" }
        return line
    }

    private static func line(_ scrub: Wire.ScrubGlance) -> String {
        var line =
            scrub.roundSecondsAgo.map { "everything read \(Units.time($0)) ago" }
            ?? "not everything read yet"
        if scrub.isCompared == false { line += "; rows not compared" }
        if scrub.lost > 0 { line += "; \(scrub.lost) digests have no sound copy" }
        if scrub.damagedEntries > 0 { line += "; \(scrub.damagedEntries) entries damaged" }
        if scrub.unexamined > 0 { line += "; \(scrub.unexamined) copies could not be looked at" }
        let isSound = scrub.isCompared != false && scrub.lost + scrub.damagedEntries == 0
        if !isSound || scrub.unexamined > 0 {
            line += ": see 'content scrub status'"
        }
        return line
    }
}

/// Numbers as people read them.
enum Units {
    /// A time in its two greatest units.
    static func time(_ seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }

    /// Bytes with a unit of 1,024, one digit after the point.
    static func bytes(_ count: UInt64) -> String {
        let names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        var tenths = count < UInt64.max / 10 ? count * 10 : count / 1024 * 10
        if count >= UInt64.max / 10 { unit = 1 }
        while tenths >= 10_240, unit < names.count - 1 {
            tenths /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(tenths / 10).\(tenths % 10) \(names[unit])"
    }
}
