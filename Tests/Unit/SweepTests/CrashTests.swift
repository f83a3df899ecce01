// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Crypto
import Journal
import OCI
import Platform
import Synchronization
import Testing

@testable import Sweep

@Suite(.timeLimit(.minutes(10))) struct `The sweep after a crash` {
    @Test func `lists no generation again, and goes on with what changed`() async throws {
        let test = try Fixture()
        var digests: [Digest] = []
        for number in 0..<20 { digests.append(try await test.push("blob \(number)")) }
        try await test.raise(2)
        #expect(try await test.sweep.run().looked == 20)
        try await test.unlink(digests[0])
        let next = try test.reopened(inOrder: false)
        let round = try await next.sweep.run()
        #expect(round.looked == 1 && round.freed == 1)
        try await next.push("new")
        try await next.raise(2)
        let last = try next.reopened(inOrder: false)
        #expect(try await last.sweep.run().looked == 1)
        #expect(try await last.copies().count == 20)
    }

    @Test func `frees what came too late, and whose process died before it could`() async throws {
        // I7
        let test = try Fixture()
        try await test.push("kept")
        let bytes = Array("late".utf8)
        _ = try test.sweep.expect(Digest.of(bytes)) { () throws(BlobError) in 2 }
        try await test.raise(2)
        #expect(try await test.sweep.run().freed == 0)
        try await test.store(bytes, generation: 2)
        let next = try test.reopened(inOrder: false)
        let round = try await next.sweep.run()
        #expect(round.looked == 1 && round.freed == 1 && round.doubted == 0)
        #expect(try await next.copies().count == 1)
        #expect(try await next.sweep.run().looked == 0)
    }

    /// Its generation is that of a row, which goes while it comes: before a round, or behind one.
    @Test(arguments: [false, true]) func `frees what came again when its last name went`(
        isSweptBetween: Bool
    ) async throws {
        // I7
        let test = try Fixture()
        let digest = try await test.push("again")
        try await test.raise(2)
        _ = try await test.sweep.run()
        _ = try test.sweep.expect(digest) { () throws(BlobError) in 2 }
        try await test.unlink(digest)
        if isSweptBetween { #expect(try await test.sweep.run().freed == 1) }
        try await test.store(Array("again".utf8), generation: 2)
        let next = try test.reopened(inOrder: false)
        #expect(try await next.sweep.run().freed == 1)
        #expect(try await next.copies().isEmpty)
        #expect(try await next.sweep.run().looked == 0)
    }

    @Test func `leaves what came in time and was named`() async throws {
        // I7
        let test = try Fixture()
        let digest = Digest.of(Array("named".utf8))
        _ = try test.sweep.expect(digest) { () throws(BlobError) in 2 }
        try await test.push("named")
        try await test.raise(2)
        #expect(try await test.sweep.run().freed == 0)
        let next = try test.reopened(inOrder: false)
        // It was held when the state was noted, and is looked at once more.
        let round = try await next.sweep.run()
        #expect(round.looked == 1 && round.freed == 0 && round.doubted == 0)
        #expect(try await next.copies().map(\.digest) == [digest])
    }

    @Test func `has in its file what was being deleted when its process died`() async throws {
        // Its removal may not be durable yet, and no list has it any more: that of its generation passes it, too.
        let test = try Fixture()
        let receipt = try await test.store([1])
        let copy = Sweep.Copy(digest: receipt.digest, generation: receipt.generation)
        test.sweep.hold([copy])
        let gone = try await test.sweep.delete([copy], [], generation: copy.generation)
        #expect(gone == [receipt.digest])
        let text = try #require(
            try test.temporary.directory.contents(
                of: SweepState.fileName,
                limit: SweepState.fileMax
            )
        )
        #expect(SweepState(parsing: text)?.doubts == [copy])
        test.sweep.release([copy])
        try test.sweep.close()
        #expect(test.sweep.state.doubts.isEmpty)
    }
}
