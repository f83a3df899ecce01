// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Journal
import OCI
import Platform
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Verifying content` {
    private let generation = Generation.first.number

    private func verify(
        _ test: Fixture,
        deep: Bool = true
    ) async throws -> Registry.Verification {
        try await test.registry.verifyContent(deep: deep) { _, _ in }
    }

    private func file(of digest: Digest, in test: Fixture) throws -> any File {
        let digits = String(generation)
        return try test.temporary.directory.directory("blobs", .mustExist)
            .directory(String(repeating: "0", count: 20 - digits.count) + digits, .mustExist)
            .directory(digest.algorithm.name, .mustExist)
            .directory(String(digest.hex.prefix(2)), .mustExist)
            .open(digest.hex, .write)
    }

    /// Changes a byte of a copy, as a failing disk does.
    private func damage(_ digest: Digest, in test: Fixture) throws {
        try file(of: digest, in: test).put([UInt8(ascii: "!")])
    }

    /// Why a blob is not given out.
    private func failure(of digest: Digest, in test: Fixture) async -> RegistryError? {
        do throws(RegistryError) {
            _ = try await test.registry.blob(.a, digest)
            return nil
        } catch { return error }
    }

    private func setAside(_ test: Fixture) throws -> Int {
        try test.temporary.directory.directory("quarantine", .mustExist)
            .names(after: "", limit: 100).count
    }

    @Test func `sets a damaged copy aside, which is served no more, and pushing heals it`()
        async throws
    {
        // I3, for a blob that leaves by sendfile, unread.
        let test = try Fixture()
        let text = String(repeating: "x", count: 1 << 20 + 1)
        let digest = try await test.blob(text, in: "a")
        try await test.blob("sound", in: "a")
        try damage(digest, in: test)
        #expect(try await test.registry.blob(.a, digest)?.size == UInt64(text.utf8.count))
        let found = try await verify(test)
        #expect(found.damaged == [digest] && found.unsound == 1 && found.quarantined == 1)
        #expect(try setAside(test) == 1)
        guard case .contentLost(digest, mayReturn: false)? = await failure(of: digest, in: test)
        else {
            Issue.record("a damaged copy was given out")
            return
        }
        let again = try await verify(test)
        #expect(again.missing == [digest] && again.quarantined == 0)
        // A mount would name what is lost once more: the bytes must come.
        #expect(try await !test.registry.mount(digest, from: .a, to: try Fixture.name("b")))
        try await test.blob(text, in: "a")
        #expect(try await verify(test).isSound)
        #expect(try await test.registry.mount(digest, from: .a, to: try Fixture.name("b")))
    }

    @Test func `a small copy that is read and found damaged is set aside`() async throws {
        let test = try Fixture()
        for (number, text) in ["one", "two"].enumerated() {
            let digest = try await test.blob(text, in: "a")
            try damage(digest, in: test)
            #expect(await failure(of: digest, in: test) != nil)
            #expect(try await test.blobs.stat(digest, generation: generation) == nil)
            #expect(try setAside(test) == number + 1)
        }
    }

    @Test
    func `what memory has of a copy that was set aside is not there either, and pushing heals it`()
        async throws
    {
        let test = try Fixture()
        try await test.push("small", to: "a")
        let digest = Fixture.digest("small")
        let path = Registry.blobKey(.a, digest)
        #expect(try await test.registry.blob(.a, digest) != nil)
        #expect(test.registry.inMemory(path) != nil)
        try damage(digest, in: test)
        #expect(try await verify(test).quarantined == 1)
        #expect(test.registry.inMemory(path) == nil)
        #expect(await failure(of: digest, in: test) != nil)
        #expect(try await test.registry.quarantined(after: "", limit: 9).map(\.digest) == [digest])
        #expect(try await test.registry.purgeQuarantine(of: Fixture.digest("other")).count == 0)
        try await test.blob("small", in: "a")
        #expect(try await test.registry.blob(.a, digest)?.size == 5)
        #expect(try await test.registry.purgeQuarantine(of: digest).bytes == 5)
        #expect(test.registry.quarantineTotals.count == 0)
    }

    @Test func `a copy of another length is set aside without being read`() async throws {
        let test = try Fixture()
        let digest = try await test.blob("x", in: "a")
        try file(of: digest, in: test).truncate(to: 0)
        let found = try await verify(test, deep: false)
        #expect(found.missing == [digest] && found.quarantined == 1)
    }

    @Test(arguments: [FileError.Kind.denied, .device])
    func `a copy that may not be read is listed, and the others are looked at`(
        kind: FileError.Kind
    ) async throws {
        let test = try Fixture()
        for text in ["one", "two", "three"] { try await test.blob(text, in: "a") }
        test.files.faults.fail(.open, as: kind)
        let found = try await verify(test)
        #expect(found.named == 3 && found.damaged.count == 1 && found.quarantined == 0)
        #expect(try await verify(test).isSound)
        test.files.faults.fail(.open, as: kind)
        let failure = await failure(of: Fixture.digest("one"), in: test)
        guard case .blobs(.trouble(let error))? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(error.kind == kind)
    }

    @Test func `where nothing can be set aside, what is damaged is listed all the same`()
        async throws
    {
        let test = try Fixture()
        let digest = try await test.blob("one", in: "a")
        try damage(digest, in: test)
        test.files.faults.fail(.rename, as: .readOnly, forever: true)
        for _ in 0..<2 {
            let found = try await verify(test)
            #expect(found.damaged == [digest] && found.quarantined == 0)
        }
    }
}
