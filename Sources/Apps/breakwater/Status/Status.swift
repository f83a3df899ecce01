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
            "sweep      epoch \(status.epoch)",
            "uploads    \(status.uploadsOpen) open",
            "disk       \(status.freeBytes.map(Units.bytes) ?? "an unknown size is") free",
            "pages      \(status.pageCheckFailures) failed their check",
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
}

/// Numbers as people read them.
enum Units {
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

    /// Milliseconds since 1970 as `2026-11-21T04:22:00Z` (RFC 3339), by the civil calendar.
    static func time(_ milliseconds: UInt64) -> String {
        let seconds = Int64(clamping: milliseconds / 1000)
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        // Days to a date, by eras of 400 years that begin on a first of March.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let day = shifted - era * 146_097
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let ordinal = day - (365 * year + year / 4 - year / 100)
        let month = (5 * ordinal + 2) / 153
        let date = ordinal - (153 * month + 2) / 5 + 1
        let civil = month < 10 ? month + 3 : month - 9
        let text = "\(year + era * 400 + (civil <= 2 ? 1 : 0))-\(two(civil))-\(two(date))T"
        return text + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    private static func two(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
