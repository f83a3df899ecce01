// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Crypto
import Journal
import OCI
import Platform

/// How far the scrub of one store has come and what it found, kept in a small file over restarts.
///
/// A lost or unreadable file costs a round, and with it the list of damaged entries until the round has looked
/// at the catalog. Of one that is damaged those that can be read are kept: no change is taken meanwhile.
struct ScrubState: Equatable, Sendable {
    /// The file in the data directory.
    static let fileName = "scrub"
    /// The longest file that is read, in bytes.
    static let fileMax = 512 << 10
    private static let heading = "breakwater scrub 2"

    /// What is done next.
    enum Place: Equatable {
        /// Nothing is under way.
        case idle
        /// The catalog, from its begin.
        case catalog
        /// The names behind a digest.
        case names(after: Digest?)
        /// The copies of a generation behind a digest, and those of later ones; where it is begun, whoever
        /// was stopped had begun with the first of them, which takes long.
        case copies(UInt64, after: Digest?, isBegun: Bool = false)
    }

    /// The store it is about; another one has other copies.
    let store: Identifier
    /// The life of the region journal it has looked at; what was damaged in another is left behind.
    var incarnation: UInt32
    var place = Place.idle
    /// When the round under way, or the newest, began: milliseconds since 1970; 0 for never.
    var began: UInt64 = 0
    /// When the newest whole round ended; 0 for never.
    var ended: UInt64 = 0
    /// Bytes of everything that is named, as the newest look at all names counted them.
    var bytesTotal: UInt64 = 0
    /// Counts of the round: copies, bytes, named, set aside, missing, orphans, unexamined.
    var counts = [UInt64](repeating: 0, count: ScrubState.countsCount)
    /// Entries that the newest look at the journals found damaged.
    var damagedEntries: [CatalogScrub.EntryPlace] = []
    /// In the order of digests.
    var losses: [Scrub.Loss] = []

    static let countsCount = 7

    init(store: Identifier, incarnation: UInt32) {
        self.store = store
        self.incarnation = incarnation
    }

    /// What a file said, where that is of this store.
    init(_ text: [UInt8]?, store: Identifier, incarnation: UInt32) {
        self.init(store: store, incarnation: incarnation)
        guard let text else { return }
        guard let known = ScrubState(parsing: text) else {
            damagedEntries = ScrubState.damagedAnyway(text)
            return
        }
        guard known.store == store else { return }
        self = known
        guard known.incarnation != incarnation else { return }
        self.incarnation = incarnation
        damagedEntries = []
    }

    /// Whether a file has this form, and its check is right.
    static func isWhole(_ text: [UInt8]) -> Bool { ScrubState(parsing: text) != nil }

    /// The damaged entries that a file names which is damaged itself.
    private static func damagedAnyway(_ text: [UInt8]) -> [CatalogScrub.EntryPlace] {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let places = lines.filter { $0.hasPrefix("damaged ") }.compactMap { line in
            entry(line.split(separator: " ").dropFirst())
        }
        return Array(places.prefix(CatalogScrub.Findings.listedMax))
    }

    private static func entry(_ words: some Collection<Substring>) -> CatalogScrub.EntryPlace? {
        guard words.count == 2, let scope = words.first, let number = words.dropFirst().first,
            let scope = ["region": Scope.region, "estate": .estate][scope],
            let position = UInt64(number)
        else { return nil }
        return CatalogScrub.EntryPlace(scope: scope, position: position)
    }

    private init?(parsing text: [UInt8]) {
        guard var lines = CheckedLines.lines(of: text)?[...] else { return nil }
        guard lines.popFirst() == ScrubState.heading[...] else { return nil }
        func words(_ name: String, _ count: Int) -> [Substring]? {
            guard let line = lines.popFirst() else { return nil }
            let words = line.split(separator: " ")
            return words.count == count + 1 && words[0] == name ? Array(words.dropFirst()) : nil
        }
        func numbers(_ name: String, _ count: Int) -> [UInt64]? {
            guard let words = words(name, count) else { return nil }
            let numbers = words.compactMap { UInt64($0) }
            return numbers.count == count ? numbers : nil
        }
        guard let id = words("store", 1), let store = Identifier(String(id[0])),
            let life = numbers("incarnation", 1), let incarnation = UInt32(exactly: life[0]),
            let place = words("place", 3), let known = ScrubState.place(place),
            let times = numbers("times", 2), let total = numbers("total", 1),
            let counts = numbers("counts", ScrubState.countsCount)
        else { return nil }
        self.init(store: store, incarnation: incarnation)
        (self.place, began, ended) = (known, times[0], times[1])
        (bytesTotal, self.counts) = (total[0], counts)
        while lines.first?.hasPrefix("damaged ") == true {
            guard let words = words("damaged", 2), let place = ScrubState.entry(words),
                damagedEntries.count < CatalogScrub.Findings.listedMax
            else { return nil }
            damagedEntries.append(place)
        }
        while !lines.isEmpty {
            guard let words = words("lost", 3), let digest = Digest(String(words[0])),
                let generation = UInt64(words[1]), losses.count < Scrub.lossesMax,
                words[2] == "missing" || Flaw(rawValue: String(words[2])) != nil
            else { return nil }
            let flaw = Flaw(rawValue: String(words[2]))
            losses.append(Scrub.Loss(digest: digest, generation: generation, flaw: flaw))
        }
    }

    private static func place(_ words: [Substring]) -> Place? {
        guard let generation = UInt64(words[1]), generation <= UInt64(Int64.max) else { return nil }
        let digest = Digest(String(words[2]))
        guard digest != nil || words[2] == "-" else { return nil }
        switch words[0] {
        case "idle": return .idle
        case "catalog": return .catalog
        case "names": return .names(after: digest)
        case "copies": return .copies(generation, after: digest)
        case "begun": return .copies(generation, after: digest, isBegun: true)
        default: return nil
        }
    }

    /// The file's text.
    var text: [UInt8] {
        let words: (String, UInt64, Digest?) =
            switch place {
            case .idle: ("idle", 0, nil)
            case .catalog: ("catalog", 0, nil)
            case .names(let after): ("names", 0, after)
            case .copies(let generation, let after, let isBegun):
                (isBegun ? "begun" : "copies", generation, after)
            }
        var lines = [
            ScrubState.heading, "store \(store)", "incarnation \(incarnation)",
            "place \(words.0) \(words.1) \(words.2?.description ?? "-")", "times \(began) \(ended)",
            "total \(bytesTotal)", "counts \(counts.map { "\($0)" }.joined(separator: " "))",
        ]
        for place in damagedEntries {
            lines.append("damaged \(place.scope) \(place.position)")
        }
        for loss in losses {
            lines.append(
                "lost \(loss.digest) \(loss.generation) \(loss.flaw?.rawValue ?? "missing")"
            )
        }
        return CheckedLines.text(lines)
    }

    /// Notes a loss, the newest of its digest; one too many is left to the next round.
    mutating func add(_ loss: Scrub.Loss) {
        losses.removeAll { $0.digest == loss.digest }
        guard losses.count < Scrub.lossesMax else { return }
        let index = losses.firstIndex { $0.digest > loss.digest } ?? losses.endIndex
        losses.insert(loss, at: index)
    }

    /// Notes a loss of a digest that is not among them, if there is room; false where nothing was noted.
    mutating func addNew(_ loss: Scrub.Loss) -> Bool {
        guard losses.count < Scrub.lossesMax, !losses.contains(where: { $0.digest == loss.digest })
        else { return false }
        add(loss)
        return true
    }

    /// What the counts mean, in their order.
    static func round(_ counts: [UInt64]) -> Scrub.Round {
        var round = Scrub.Round()
        (round.copies, round.bytes, round.named) = (counts[0], counts[1], counts[2])
        (round.setAside, round.missing) = (counts[3], counts[4])
        (round.orphans, round.unexamined) = (counts[5], counts[6])
        return round
    }

    static func counts(_ round: Scrub.Round) -> [UInt64] {
        [
            round.copies, round.bytes, round.named, round.setAside, round.missing, round.orphans,
            round.unexamined,
        ]
    }
}
