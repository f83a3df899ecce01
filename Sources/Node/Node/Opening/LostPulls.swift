// SPDX-License-Identifier: Apache-2.0

import Catalog
import Platform

/// The day of which pulls may be lost, for a process ended without writing those it had noted.
///
/// Who opens the catalog first after that sees what is left of it; everybody later only what this file
/// says. Losing the file costs the rest that retention takes on that day.
struct LostPulls: Equatable, Sendable {
    /// The file in the data directory.
    static let fileName = "pulls-lost"
    private static let fileMax = 100
    private static let heading = "breakwater pulls-lost 1"

    /// Since 1970, in UTC, by the wall clock.
    var day: UInt32

    init(day: UInt32) {
        self.day = day
    }

    /// Reads a file's text; nil for one that says no day.
    init?(_ text: [UInt8]) {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        guard lines.count == 2, lines[0] == LostPulls.heading[...], lines[1].hasPrefix("day "),
            let day = UInt32(lines[1].dropFirst(4))
        else { return nil }
        self.day = day
    }

    /// The file's text.
    var text: [UInt8] { Array("\(LostPulls.heading)\nday \(day)\n".utf8) }

    /// What is known, which is noted where the catalog was left open; to be called before that is opened.
    static func look(
        in files: any Directory,
        _ world: World,
        mayWrite: Bool
    ) throws(NodeError) -> LostPulls? {
        let wasLeftOpen = try NodeError.step("look for a WAL") {
            try Catalog.wasLeftOpen(in: files)
        }
        guard wasLeftOpen else {
            return try NodeError.step("read '\(fileName)'") {
                try files.contents(of: fileName, limit: fileMax).flatMap { LostPulls($0) }
            }
        }
        let now = Moment(milliseconds: world.clocks.wallMilliseconds())
        let lost = LostPulls(day: now.dayNumber)
        guard mayWrite else { return lost }
        do throws(PublishError) {
            try files.publish(lost.text, as: fileName, or: world.lifeline)
        } catch {
            // A full disk keeps nobody from starting: this process knows it, and the next one if it cannot close.
        }
        return lost
    }
}
