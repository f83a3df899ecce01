// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Crypto
import Journal
import OCI
import Platform
import Registry
import SQLite
import Testing

@testable import Sweep

@Suite(.timeLimit(.minutes(10))) struct `A sweep that is paused` {
    @Test func `is stopped by a pause between two pages, and the rest is freed after it`()
        async throws
    {
        let test = try Fixture()
        for number in 0..<9 { try await test.store([UInt8(number)]) }
        let lost = try await test.push("lost")
        try await test.raise(2)
        test.clocks.after(sleeps: 1) {
            try test.sweep.pause(true)
            try await test.unlink(lost)
        }
        let round = try await test.sweep.run()
        #expect(round.isBrokenOff && round.looked == 3)
        #expect(test.sweep.status.sinceRound == nil)
        let next = try test.reopened()
        #expect(next.sweep.status.isPaused)
        try next.sweep.pause(false)
        _ = try await next.sweep.run()
        #expect(try await next.copies().isEmpty)
    }

    @Test func `goes on where it was after a pause, which outlives a restart`() async throws {
        let test = try Fixture()
        for number in 0..<10 { try await test.store([UInt8(number)]) }
        try await test.raise(2)
        try test.sweep.pause(true)
        let next = try test.reopened()
        #expect(next.sweep.status.isPaused)
        #expect(try await next.sweep.run().isBrokenOff)
        #expect(try await next.copies().count == 10)
        try next.sweep.pause(false)
        #expect(try await next.sweep.run().freed == 10)
    }

    @Test func `stays so whichever bit of its file flips`() throws {
        let id = Identifier(high: 1, low: 2)
        var state = SweepState(store: id, incarnation: 3)
        state.isPaused = true
        let text = state.text
        for bit in 0..<text.count * 8 {
            var flipped = text
            flipped[bit / 8] ^= 1 << (bit % 8)
            #expect(SweepState.isPausedAnyway(flipped) && !SweepState.isWhole(flipped))
        }
        state.isPaused = false
        #expect(SweepState.isWhole(state.text) && !SweepState.isPausedAnyway(state.text))
    }

    @Test func `is paused while no server runs, whatever its file said`() async throws {
        let test = try Fixture()
        try await test.store([1])
        try await test.raise(2)
        func pause() throws {
            try Sweep.pause(
                in: test.temporary.directory,
                withAccessOf: Catalog.fileName,
                or: NotedLifeline()
            )
        }
        var next = test
        for text in [nil, Array("nothing that is known".utf8)] as [[UInt8]?] {
            if let text {
                try test.temporary.directory.publish(
                    text,
                    as: SweepState.fileName,
                    or: NotedLifeline()
                )
                next = try next.reopened(inOrder: false)
                let notice = try #require(next.sweep.notice)
                #expect(notice.hasSuffix("'sweep' is damaged or of another form"))
            }
            try pause()
            next = try next.reopened(inOrder: false)
            #expect(next.sweep.status.isPaused)
            #expect(try await next.sweep.run().isBrokenOff)
        }
        // What the file knows of it stays.
        try next.sweep.pause(false)
        try next.sweep.close()
        try pause()
        next = try next.reopened(inOrder: false)
        #expect(next.sweep.status.isPaused && next.sweep.state.store == test.blobs.id)
        #expect(try await next.copies().count == 1)
        try next.sweep.pause(false)
        #expect(try await next.sweep.run().freed == 1)
    }
}
