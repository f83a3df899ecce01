// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Crypto
import Journal
import OCI
import Platform
import Synchronization
import Testing

@testable import Registry
@testable import Sweep

@Suite struct `A copy that comes when its generation is over` {
    /// Two raises strike between the first storing and its naming.
    @Test func `what came too late to be named is freed at once, and stored again`() async throws {
        // I7
        let test = try Fixture()
        let name = try #require(RepositoryName("a"))
        let bytes = Array("slow".utf8)
        let digest = Digest.of(bytes)
        let tries = Mutex(0)
        try await test.registry.naming(digest) { () async throws(RegistryError) in
            try await test.registry.store(bytes, digest)
        } name: { receipt async throws(RegistryError) in
            let isFirst = tries.withLock { tries in
                tries += 1
                return tries == 1
            }
            if isFirst { for _ in 0..<2 { try await test.registry.raiseEpoch() } }
            try await test.registry.change(name, .linkBlob(receipt))
        }
        #expect(tries.withLock { $0 } == 2)
        #expect(try await test.blobs.stat(digest, generation: 2) == nil)
        #expect(try await test.blobs.stat(digest, generation: 4) == 4)
        // It is told of as what a round frees.
        #expect(test.freed.map(\.digest) == [digest] && test.freed.map(\.generation) == [2])
        #expect(test.sweep.status.freed == 1)
    }

    @Test func `is expected before it comes, and looked at when it has not come`() async throws {
        let test = try Fixture()
        let digest = Digest.of([1])
        let calls = Mutex<[String]>([])
        test.registry.leaveLate { _, generation throws(BlobError) in
            let number = try generation()
            calls.withLock { $0.append("expected under \(number)") }
            return number
        } to: { [blobs = test.blobs] digest, generation in
            let size = try? await blobs.stat(digest, generation: generation)
            calls.withLock { $0.append("\(size ?? 0) bytes under \(generation)") }
        }
        await #expect(throws: BlobError.noSpace) {
            _ = try await test.registry.storing(digest) { _ async throws(BlobError) in
                throw BlobError.noSpace
            }
        }
        #expect(calls.withLock { $0 } == ["expected under 2", "0 bytes under 2"])
        let name = try #require(RepositoryName("a"))
        try await test.registry.naming(digest) { () async throws(RegistryError) in
            try await test.registry.store([1], digest)
        } name: { receipt async throws(RegistryError) in
            try await test.registry.change(name, .linkBlob(receipt))
        }
        let later = calls.withLock { Array($0.dropFirst(2)) }
        #expect(later == ["expected under 2", "1 bytes under 2"])
    }

    @Test func `has its generation read again where the state was noted meanwhile`() throws {
        let test = try Fixture()
        try test.sweep.note { $0.listed = Generation(2) }
        var readings = 0
        let generation = try test.sweep.expect(Digest.of([1])) { () throws(BlobError) in
            readings += 1
            do throws(SweepError) {
                if readings == 1 { try test.sweep.pause(false) }
            } catch {
                Issue.record("\(error)")
            }
            return 2
        }
        #expect(generation == 2 && readings == 2)
        // A generation that is not over cannot have been passed.
        _ = try test.sweep.expect(Digest.of([2])) { () throws(BlobError) in
            readings += 1
            do throws(SweepError) { try test.sweep.pause(false) } catch {
                Issue.record("\(error)")
            }
            return 3
        }
        #expect(readings == 3)
    }

    @Test func `is left while the copy that counts is missing, and where the sweep is paused`()
        async throws
    {
        // I7
        let test = try Fixture()
        try await test.raise(2)
        let digest = try await test.push("twice")
        #expect(try await test.blobs.delete([digest], generation: 4) == [digest])
        try await test.store(Array("twice".utf8), generation: 2)
        await test.sweep.free(digest, generation: 2)
        #expect(try await test.copies().map(\.generation) == [2])
        try await test.push("twice")
        try test.sweep.pause(true)
        await test.sweep.free(digest, generation: 2)
        #expect(try await test.copies().map(\.generation) == [2, 4])
        try test.sweep.pause(false)
        await test.sweep.free(digest, generation: 2)
        await test.sweep.free(digest, generation: 4)
        #expect(try await test.copies().map(\.generation) == [4])
    }

    @Test func `is looked at by the next round where it cannot be freed at once`() async throws {
        let test = try Fixture()
        try await test.raise(2)
        _ = try await test.sweep.run()
        let digest = try await test.store([1], generation: 2).digest
        // Its generation was listed.
        #expect(try await test.sweep.run().looked == 0)
        try test.sweep.pause(true)
        await test.sweep.free(digest, generation: 2)
        try test.sweep.pause(false)
        #expect(try await test.sweep.run().freed == 1)
        #expect(try await test.copies().isEmpty)
    }
}
