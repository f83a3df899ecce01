// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Journal
import OCI
public import Platform

/// The form of the file (docs/formats/sweep-state.md).
extension SweepState {
    private static let heading = "breakwater sweep 3"

    init?(parsing text: [UInt8]) {
        let all = String(decoding: text, as: UTF8.self).split(separator: "\n")
        var lines = all[...]
        guard lines.popFirst() == SweepState.heading[...] else { return nil }
        func words(_ name: String, _ count: Int) -> [Substring]? {
            guard let line = lines.popFirst() else { return nil }
            let words = line.split(separator: " ")
            return words.count == count + 1 && words[0] == name ? Array(words.dropFirst()) : nil
        }
        guard let id = words("store", 1), let store = Identifier(String(id[0])),
            let life = words("incarnation", 1), let incarnation = UInt32(life[0]),
            let done = words("listed", 1), let listed = SweepState.number(done[0]),
            let place = words("place", 3), let epoch = SweepState.number(place[0]),
            let position = SweepState.number(place[1]),
            let more = words("overfull", 1), let isOverfull = SweepState.flag(more[0]),
            let time = words("began", 1), let began = SweepState.number(time[0])
        else { return nil }
        self.init(store: store, incarnation: incarnation)
        (self.listed, self.isOverfull, self.began) = (Generation(listed), isOverfull, began)
        self.place = Unnamed.Place(
            epoch: epoch,
            position: position,
            digest: Digest(String(place[2]))
        )
        while lines.first?.hasPrefix("unlisted ") == true {
            guard let words = words("unlisted", 3), gaps.count < SweepState.gapsMax,
                let generation = SweepState.number(words[0]), let last = Digest(String(words[2]))
            else { return nil }
            let after = Digest(String(words[1]))
            guard after != nil || words[1] == "-" else { return nil }
            gaps.insert(Gap(generation: generation, after: after, last: last))
        }
        while lines.first?.hasPrefix("doubt ") == true {
            guard let words = words("doubt", 2), doubts.count < SweepState.doubtsMax,
                let generation = SweepState.number(words[0]), let digest = Digest(String(words[1]))
            else { return nil }
            doubts.insert(Sweep.Copy(digest: digest, generation: generation))
        }
        guard let pause = words("paused", 1), let isPaused = SweepState.flag(pause[0]) else {
            return nil
        }
        let checked = all[..<lines.startIndex]
        guard let check = words("check", 1), check[0] == CheckedLines.check(of: checked),
            let end = words("paused", 1), end == pause, lines.isEmpty
        else { return nil }
        self.isPaused = isPaused
    }

    /// Whether a file that is damaged, or of another form, says that the operator has stopped it; nothing else
    /// of it is taken over.
    ///
    /// It is said twice, for what an adoption lost is lost for good where a flipped bit lets the sweep go on.
    static func isPausedAnyway(_ text: [UInt8]) -> Bool {
        String(decoding: text, as: UTF8.self).split(separator: "\n").contains("paused yes")
    }

    /// Whether a file has this form, and its check is right.
    static func isWhole(_ text: [UInt8]) -> Bool { SweepState(parsing: text) != nil }

    /// A number that the catalog can be asked for.
    private static func number(_ text: Substring) -> UInt64? {
        UInt64(text).flatMap { $0 <= UInt64(Int64.max) ? $0 : nil }
    }

    private static func flag(_ text: Substring) -> Bool? {
        ["yes": true, "no": false][text]
    }

    /// The file's text.
    var text: [UInt8] {
        func flag(_ value: Bool) -> String { value ? "yes" : "no" }
        let digest = place.digest?.description ?? "-"
        var lines = [
            SweepState.heading, "store \(store)", "incarnation \(incarnation)",
            "listed \(listed.number)", "place \(place.epoch) \(place.position) \(digest)",
            "overfull \(flag(isOverfull))", "began \(began)",
        ]
        for gap in gaps.sorted() {
            let after = gap.after?.description ?? "-"
            lines.append("unlisted \(gap.generation) \(after) \(gap.last)")
        }
        for copy in doubts.sorted() { lines.append("doubt \(copy.generation) \(copy.digest)") }
        let pause = "paused \(flag(isPaused))"
        lines.append(pause)
        lines.append("check \(CheckedLines.check(of: lines))")
        lines.append(pause)
        return Array(lines.map { "\($0)\n" }.joined().utf8)
    }

    /// What a file is to say for the sweep to be paused, where it said `text`.
    fileprivate static func paused(_ text: [UInt8]?) -> SweepState {
        var state =
            text.flatMap { SweepState(parsing: $0) } ?? SweepState(store: .zero, incarnation: 0)
        state.isPaused = true
        return state
    }
}

extension Sweep {
    /// Stops the sweep of a data directory that no server uses, as `pause` does, until it is to go on.
    ///
    /// The state's file gets the access that `other` has, for who does this may be root.
    public static func pause(
        in directory: any Directory,
        withAccessOf other: String,
        or lifeline: any Lifeline
    ) throws(FileError) {
        var known: [UInt8]?
        do throws(FileError) {
            known = try directory.contents(of: SweepState.fileName, limit: SweepState.fileMax)
        } catch {
            // What it said costs work and nothing else.
            known = nil
        }
        do throws(PublishError) {
            let text = SweepState.paused(known).text
            try directory.publish(text, as: SweepState.fileName, or: lifeline)
        } catch { throw error.cause }
        let example = try directory.open(other, .read)
        try directory.open(SweepState.fileName, .write).takeAccess(of: example)
    }
}
