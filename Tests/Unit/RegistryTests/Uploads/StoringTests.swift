// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Crypto
import Journal
import OCI
import Platform
import Testing

@testable import Registry

@Suite struct `Storing a manifest` {
    @Test func `one that cannot be stored leaves nothing behind`() async throws {
        let test = try Fixture()
        let bytes = try await test.image("x", in: "a")
        test.files.faults.fail(.rename)
        await #expect(throws: RegistryError.self) {
            try await test.put(bytes, in: "a", tags: ["v1"])
        }
        #expect(try test.temporary.directory.directory("staging", .mustExist).isEmpty())
        #expect(try test.tags("a").isEmpty)
        try await test.put(bytes, in: "a", tags: ["v1"])
        #expect(try test.tags("a") == ["v1"])
    }

    @Test func `one that is there is not written again`() async throws {
        let test = try Fixture()
        let bytes = try await test.image("x", in: "a")
        try await test.put(bytes, in: "a", tags: ["v1"])
        let before = test.files.faults.count(.sync)
        for number in 0..<5 { try await test.put(bytes, in: "a", tags: ["t\(number)"]) }
        #expect(test.files.faults.count(.sync) == before)
    }
}

@Suite struct `Storing while the epoch rises` {
    @Test func `what was freed since its row was read is not there, and not lost`() async throws {
        let test = try Fixture()
        let name = try #require(RepositoryName("a"))
        let bytes = Array("slow".utf8)
        let digest = Digest.of(bytes)
        try await test.registry.change(
            name,
            .linkBlob(try await test.registry.store(bytes, digest).receipt)
        )
        let row = try #require(
            try test.registry.read { view throws(CatalogError) in try view.content(digest) }
        )
        try await test.registry.change(name, .deleteBlob(digest))
        #expect(try await test.blobs.delete([digest], generation: 2) == [digest])
        #expect(try await test.registry.verified(digest, row) == nil)
        // Pushed again, it has another row, and that is read.
        for _ in 0..<2 { try await test.registry.raiseEpoch() }
        try await test.registry.change(
            name,
            .linkBlob(try await test.registry.store(bytes, digest).receipt)
        )
        #expect(try await test.registry.verified(digest, row) == bytes)
        #expect(try await test.blobs.delete([digest], generation: 4) == [digest])
        let error = await #expect(throws: RegistryError.self) {
            try await test.registry.verified(digest, row)
        }
        guard case .contentLost = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

extension Directory {
    fileprivate func isEmpty() throws(FileError) -> Bool { try names(after: "", limit: 1).isEmpty }
}
