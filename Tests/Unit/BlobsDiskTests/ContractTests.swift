// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Contracts
import Platform
import Testing

@Suite struct `Blobs on a disk` {
    @Test(arguments: BlobStoreContract.clauses)
    func `keep the contract`(clause: Clause<BlobStoreUnderTest>) async throws {
        let fixture = try DiskFixture()
        try await clause.check(BlobStoreUnderTest { try fixture.open() })
    }

    // Every upload is closed after each call and opened again for the next.
    @Test(arguments: BlobStoreContract.clauses)
    func `keep it when no staging stays open`(clause: Clause<BlobStoreUnderTest>) async throws {
        var fixture = try DiskFixture()
        fixture.options.openStagingsMax = 0
        try await clause.check(BlobStoreUnderTest { [fixture] in try fixture.open() })
    }

    @Test(arguments: BlobStoreContract.clauses)
    func `keep it on threads that block, with a flush after each piece`(
        clause: Clause<BlobStoreUnderTest>
    ) async throws {
        var fixture = try DiskFixture()
        fixture.options.flushEvery = 1
        let test = BlobStoreUnderTest { [fixture] in try fixture.open() }
        try await withTaskExecutorPreference(BlockingPool(threadsMax: 4)) {
            try await clause.check(test)
        }
    }
}
