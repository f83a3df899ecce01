// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform

/// How far the sweep of one store has come, kept in a small file over restarts.
///
/// A lost, older or unreadable file costs work and nothing else: whatever may be deleted is derived from
/// the catalog at the time.
struct SweepState: Equatable, Sendable {
    /// The file in the data directory.
    static let fileName = "sweep"
    /// The longest file that is read, in bytes.
    static let fileMax = 1024
    private static let heading = "breakwater sweep 1"

    /// The store it is about; another one has other copies.
    var store: Identifier
    /// The life of the region journal that it has seen; what another one deleted it does not know.
    var incarnation: UInt32
    /// Every generation up to this one was listed as a whole.
    var listed = Generation(0)
    /// What lost its last name up to here was looked at, where its generation was listed.
    var place = Unnamed.Place.start
    /// Whether the operator has stopped it.
    var isPaused = false

    init(store: Identifier, incarnation: UInt32) {
        self.store = store
        self.incarnation = incarnation
    }

    /// What a file said of this store and this life of the journal; begins anew for any other.
    init(_ text: [UInt8]?, store: Identifier, incarnation: UInt32) {
        self.init(store: store, incarnation: incarnation)
        guard let text, let known = SweepState(parsing: text) else { return }
        isPaused = known.isPaused
        guard known.store == store, known.incarnation == incarnation else { return }
        self = known
    }

    private init?(parsing text: [UInt8]) {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let words = lines.dropFirst().map { $0.split(separator: " ") }
        guard lines.count == 6, lines[0] == SweepState.heading,
            words.map(\.first) == ["store", "incarnation", "listed", "place", "paused"],
            words[3].count == 4, let store = Identifier(String(words[0][1])),
            let incarnation = UInt32(words[1][1]), let listed = UInt64(words[2][1]),
            let epoch = UInt64(words[3][1]), let position = UInt64(words[3][2])
        else { return nil }
        self.init(store: store, incarnation: incarnation)
        self.listed = Generation(listed)
        place = Unnamed.Place(
            epoch: epoch,
            position: position,
            digest: Digest(String(words[3][3]))
        )
        isPaused = words[4][1] == "yes"
    }

    /// The file's text.
    var text: [UInt8] {
        let digest = place.digest?.description ?? "-"
        let lines = [
            SweepState.heading, "store \(store)", "incarnation \(incarnation)",
            "listed \(listed.number)", "place \(place.epoch) \(place.position) \(digest)",
            "paused \(isPaused ? "yes" : "no")",
        ]
        return Array(lines.map { "\($0)\n" }.joined().utf8)
    }
}
