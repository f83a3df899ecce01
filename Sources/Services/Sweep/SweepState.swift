// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
public import Platform

/// How far the sweep of one store has come, kept in a small file over restarts.
///
/// A lost or unreadable file costs work and nothing else, and so does one that the catalog has not come
/// to: whatever may be deleted is derived from the catalog at the time, and what was not seen is looked at
/// again.
struct SweepState: Equatable, Sendable {
    /// The file in the data directory.
    static let fileName = "sweep"
    /// The longest file that is read, in bytes.
    static let fileMax = 1024
    private static let heading = "breakwater sweep 1"
    private static let names = [
        "store", "incarnation", "listed", "place", "doubts", "stopped", "paused",
    ]

    /// The store it is about; another one has other copies.
    var store: Identifier
    /// The life of the region journal that it has seen; what another one deleted it does not know.
    var incarnation: UInt32
    /// Every generation up to this one was listed as a whole.
    var listed = Generation(0)
    /// What lost its last name up to here was looked at, where its generation was listed.
    var place = Unnamed.Place.start
    /// Whether copies were left that must be looked at again.
    var hasDoubts = false
    /// Whether the process ended in order; otherwise there may be copies that no entry ever named.
    var isStopped = false
    /// Whether the operator has stopped it.
    var isPaused = false

    init(store: Identifier, incarnation: UInt32) {
        self.store = store
        self.incarnation = incarnation
    }

    /// What a file said, where that is of this store and of what the catalog has come to; else a begin
    /// that keeps the operator's pause.
    init(_ text: [UInt8]?, store: Identifier, region: Head, epoch: Generation) {
        self.init(store: store, incarnation: region.incarnation)
        guard let text, let known = SweepState(parsing: text) else { return }
        isPaused = known.isPaused
        guard known.store == store, known.incarnation == region.incarnation, known.isStopped,
            known.listed.number < epoch.number - 1, known.place.epoch <= epoch.number,
            known.place.position <= region.position
        else { return }
        self = known
        isStopped = false
    }

    /// Whether a round that goes by this epoch looks at everything: copies were left, or names ended that
    /// the catalog has forgotten.
    func beginsAnew(at epoch: Generation) -> Bool {
        hasDoubts || forgets(at: epoch)
    }

    /// Whether names ended so long ago that the catalog does not say any more which.
    func forgets(at epoch: Generation) -> Bool {
        epoch.number > CatalogView.epochsNoted
            && place.epoch < epoch.number - CatalogView.epochsNoted
    }

    /// What a file is to say for the sweep to be paused, where it said `text`.
    fileprivate static func paused(_ text: [UInt8]?) -> SweepState {
        var state =
            text.flatMap { SweepState(parsing: $0) } ?? SweepState(store: .zero, incarnation: 0)
        state.isPaused = true
        return state
    }

    /// Looks at everything again from now on.
    mutating func beginAnew() {
        listed = Generation(0)
        place = .start
        hasDoubts = false
    }

    private init?(parsing text: [UInt8]) {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let words = lines.dropFirst().map { $0.split(separator: " ") }
        guard lines.first == SweepState.heading[...],
            words.map(\.first) == SweepState.names.map({ $0[...] }),
            words.enumerated().allSatisfy({ $1.count == ($0 == 3 ? 4 : 2) }),
            let store = Identifier(String(words[0][1])), let incarnation = UInt32(words[1][1]),
            let listed = SweepState.number(words[2][1]), let epoch = SweepState.number(words[3][1]),
            let position = SweepState.number(words[3][2]),
            let doubts = SweepState.flag(words[4][1]), let stopped = SweepState.flag(words[5][1]),
            let paused = SweepState.flag(words[6][1])
        else { return nil }
        self.init(store: store, incarnation: incarnation)
        self.listed = Generation(listed)
        place = Unnamed.Place(
            epoch: epoch,
            position: position,
            digest: Digest(String(words[3][3]))
        )
        (hasDoubts, isStopped, isPaused) = (doubts, stopped, paused)
    }

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
        let values = [
            "\(store)", "\(incarnation)", "\(listed.number)",
            "\(place.epoch) \(place.position) \(digest)", flag(hasDoubts), flag(isStopped),
            flag(isPaused),
        ]
        let lines = zip(SweepState.names, values).map { "\($0) \($1)\n" }
        return Array("\(SweepState.heading)\n\(lines.joined())".utf8)
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
