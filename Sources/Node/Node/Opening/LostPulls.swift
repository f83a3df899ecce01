// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Platform

/// Whether pulls may stand in no entry, for a process ended without writing those it had noted.
///
/// Who opens the catalog first after a crash sees what is left of it; everybody later only what this file
/// says. Losing the file costs the rest that retention takes on that day.
enum LostPulls: Equatable, Sendable {
    case none
    /// Of a day that nobody has asked for yet: the one of the next start.
    case some
    /// Of a day since 1970 and perhaps of those before it, on the expiry clock.
    case upTo(day: UInt32)

    /// The file in the data directory.
    static let fileName = "pulls-lost"
    private static let fileMax = 200
    private static let heading = "breakwater pulls-lost 2"

    /// Reads a file's text; one that says nothing stands for some.
    init(_ text: [UInt8]) {
        guard let lines = CheckedLines.lines(of: text), lines.count == 2,
            lines[0] == LostPulls.heading[...], lines[1].hasPrefix("day "),
            let day = UInt32(lines[1].dropFirst(4))
        else {
            self = .some
            return
        }
        self = .upTo(day: day)
    }

    /// The file's text.
    var text: [UInt8] {
        let day = if case .upTo(let day) = self { "\(day)" } else { "-" }
        return CheckedLines.text([LostPulls.heading, "day \(day)"])
    }

    /// What is known; to be asked before the catalog is opened.
    static func look(in files: any Directory) throws(NodeError) -> LostPulls {
        let wasLeftOpen = try NodeError.step("look for a WAL") {
            try Catalog.wasLeftOpen(in: files)
        }
        guard !wasLeftOpen else { return .some }
        do throws(FileError) {
            return try files.contents(of: fileName, limit: fileMax).map { LostPulls($0) } ?? .none
        } catch {
            // There was something to say, and a start must not fail for it.
            return .some
        }
    }

    /// Keeps it for those who come later, who may be somebody else than root.
    func note(in files: any Directory, or lifeline: any Lifeline) throws(FileError) {
        do throws(PublishError) {
            try files.publish(text, as: LostPulls.fileName, or: lifeline)
        } catch { throw error.cause }
        let catalog = try files.open(Catalog.fileName, .read)
        try files.open(LostPulls.fileName, .write).takeAccess(of: catalog)
    }
}
