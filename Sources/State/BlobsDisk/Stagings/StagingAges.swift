// SPDX-License-Identifier: Apache-2.0

import Crypto
import Platform

/// How long each staging has lain untouched, counted so that a jump of the clock drops nothing.
///
/// An age is the time that the monotonic clock counted, while this process ran, between
/// observations that found the staging with the same length. It is kept in a file over restarts;
/// time during which nothing ran does not count, and a lost file only makes all stagings young.
/// So a staging may be dropped late, and never early.
struct StagingAges: Sendable {
    /// One staging.
    struct Entry: Equatable, Sendable {
        var id: Identifier
        var size: UInt64
        var age: Duration
    }

    /// The file in the store's directory.
    static let fileName = "staging-ages"
    private static let heading = "breakwater staging ages 2"
    /// Bytes of the longest line: an id, two numbers of 20 digits, two spaces, the end of the line.
    private static let lineMax = 32 + 20 + 20 + 2 + 1

    /// The longest file of `count` stagings.
    static func fileMax(_ count: Int) -> Int {
        heading.utf8.count + 1 + lineMax * count + CheckedLines.lineBytes
    }

    /// In the order of ids.
    private(set) var entries: [Entry]
    private var observed: Duration

    /// Begins to count at `now`, from what a file said; one that is none is as if there were none.
    init(_ text: [UInt8]?, now: Duration) {
        observed = now
        entries = text.flatMap { StagingAges.parse($0) } ?? []
    }

    /// Takes what there is `now`, in the order of ids.
    mutating func observe(_ present: [(id: Identifier, size: UInt64)], now: Duration) {
        let passed = max(.zero, now - observed)
        observed = max(now, observed)
        var before = entries[...]
        entries = present.map { staging in
            while let first = before.first, first.id < staging.id { before.removeFirst() }
            let known = before.first
            let isUntouched = known?.id == staging.id && known?.size == staging.size
            let age = isUntouched ? (known?.age ?? .zero) + passed : .zero
            return Entry(id: staging.id, size: staging.size, age: age)
        }
    }

    /// The age as of the last observation.
    func age(_ id: Identifier) -> Duration {
        var range = entries.startIndex..<entries.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if entries[middle].id == id { return entries[middle].age }
            range =
                entries[middle].id < id
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return .zero
    }

    /// The file's bytes (docs/formats/blob-directory.md).
    var text: [UInt8] {
        CheckedLines.text(
            [StagingAges.heading]
                + entries.map { "\($0.id) \($0.size) \($0.age.components.seconds)" }
        )
    }

    private static func parse(_ text: [UInt8]) -> [Entry]? {
        guard let lines = CheckedLines.lines(of: text), lines.first == heading[...] else {
            return nil
        }
        var entries: [Entry] = []
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count == 3, let id = Identifier(words[0]), let size = UInt64(words[1]),
                let seconds = UInt32(words[2]), entries.last.map({ $0.id < id }) ?? true
            else { return nil }
            entries.append(Entry(id: id, size: size, age: .seconds(Int64(seconds))))
        }
        return entries
    }
}
