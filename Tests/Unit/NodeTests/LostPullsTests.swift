// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Platform
import Testing

@testable import Node

@Suite struct `Pulls that a crash may have lost` {
    private let directory: TemporaryDirectory
    private let clocks = HandClocks()

    init() throws { directory = try TemporaryDirectory() }

    private func look(mayWrite: Bool = true) throws -> LostPulls? {
        let world = World(
            clocks: clocks,
            random: LinuxRandom(),
            files: LinuxFileSystem(),
            lifeline: NotedLifeline()
        )
        return try LostPulls.look(in: directory.directory, world, mayWrite: mayWrite)
    }

    @Test func `are known by the WAL that is left, and remembered once that is gone`() throws {
        #expect(try look() == nil)
        let log = "\(Catalog.fileName)-wal"
        _ = try directory.directory.open(log, .createNew)
        let day = Moment(milliseconds: clocks.wallMilliseconds()).dayNumber
        #expect(try look(mayWrite: false) == LostPulls(day: day))
        #expect(try look() == LostPulls(day: day))
        try directory.directory.remove(log)
        #expect(try look() == LostPulls(day: day))
    }

    @Test func `are of no day that a spoilt file says`() throws {
        for text in [
            "", "day 3\n", "breakwater pulls-lost 1\n", "breakwater pulls-lost 1\nday x\n",
        ] {
            #expect(LostPulls(Array(text.utf8)) == nil)
        }
        #expect(LostPulls(LostPulls(day: 20_780).text)?.day == 20_780)
    }
}
