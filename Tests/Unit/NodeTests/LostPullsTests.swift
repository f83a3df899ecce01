// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Crypto
import Platform
import Testing

@testable import Node

@Suite struct `Pulls that a crash may have lost` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func `are known by the WAL that is left, and remembered once that is gone`() throws {
        let files = directory.directory
        #expect(try LostPulls.look(in: files) == .none)
        _ = try files.open(Catalog.fileName, .createNew)
        let log = "\(Catalog.fileName)-wal"
        _ = try files.open(log, .createNew)
        #expect(try LostPulls.look(in: files) == .some)
        // Who does something else with the files notes it, and the next start gives it a day.
        try LostPulls.some.note(in: files, or: NotedLifeline())
        try files.remove(log)
        #expect(try LostPulls.look(in: files) == .some)
        try LostPulls.upTo(day: 20_780).note(in: files, or: NotedLifeline())
        #expect(try LostPulls.look(in: files) == .upTo(day: 20_780))
    }

    @Test func `are believed in where the file says nothing, and no start fails for it`() throws {
        for text in [
            "", "day 3\n", "breakwater pulls-lost 2\n", "breakwater pulls-lost 2\nday 3\n",
        ] {
            #expect(LostPulls(Array(text.utf8)) == .some)
        }
        #expect(LostPulls(CheckedLines.text(["breakwater pulls-lost 2", "day x"])) == .some)
        // A day that rot has put off for ever.
        let text = String(decoding: LostPulls.upTo(day: 20_780).text, as: UTF8.self)
        let flipped = text.replacing("day 2", with: "day 6")
        #expect(text != flipped && LostPulls(Array(flipped.utf8)) == .some)
        _ = try directory.directory.directory(LostPulls.fileName, .createIfMissing)
        #expect(try LostPulls.look(in: directory.directory) == .some)
    }
}
