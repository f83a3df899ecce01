// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Contracts
import Crypto
import Glibc
import HTTP
import OCI
import Platform
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Blobs on a disk that fails` {
    private var fixture: DiskFixture

    init() throws {
        fixture = try DiskFixture()
    }

    private func resumeFails(_ id: Identifier, in store: DiskBlobStore) async {
        await #expect(throws: BlobError.unknownStaging) {
            _ = try await store.stage(id, .resume, expected: .sha256)
        }
    }

    // I1: bytes, directories and names are durable before anybody is told.
    @Test func `publish in the order that a power cut forgives`() async throws {
        let store = try fixture.open()
        let (_, staging) = try await fixture.begin([1], in: store)
        let order = Mutex<[FileOperation]>([])
        fixture.faults.before { operation, _ in order.withLock { $0.append(operation) } }
        _ = try await staging.publish(as: Digest.of([1]), generation: 0)
        let noted = order.withLock(\.self)
        #expect(noted.suffix(3) == [.sync, .rename, .syncDirectory])
        // Three levels, each looked at and synced once, then made and synced.
        let level: [FileOperation] = [.list, .syncDirectory, .makeDirectory, .syncDirectory]
        #expect(Array(noted.dropLast(3)) == level + level + level)
    }

    // I1: a directory that a dead process made may not be durable yet.
    @Test func `directories found after a restart are synced before they are relied on`()
        async throws
    {
        for _ in 0..<2 {
            let store = try fixture.open()
            let (_, staging) = try await fixture.begin([1], in: store)
            let order = Mutex<[FileOperation]>([])
            fixture.faults.before { operation, _ in order.withLock { $0.append(operation) } }
            _ = try await staging.publish(as: Digest.of([1]), generation: 0)
            fixture.faults.before(nil)
            let noted = order.withLock(\.self)
            #expect(noted.prefix { $0 != .rename }.count { $0 == .syncDirectory } >= 3)
        }
        // Once known, nothing but the rename is synced.
        let store = try fixture.open()
        for _ in 0..<2 {
            _ = try await fixture.begin([1], in: store).staging
                .publish(as: Digest.of([1]), generation: 0)
        }
        let before = fixture.faults.count(.syncDirectory)
        _ = try await fixture.begin([1], in: store).staging
            .publish(as: Digest.of([1]), generation: 0)
        #expect(fixture.faults.count(.syncDirectory) == before + 1)
    }

    @Test func `where a copy was set aside, what came again is synced at the next start`()
        async throws
    {
        // Its process may have died between the rename and the sync, and the catalog counts on the copy (I2).
        let store = try fixture.open()
        let digest = Digest.of([1])
        _ = try await fixture.begin([1], in: store).staging.publish(as: digest, generation: 3)
        let copy = try #require(try await store.open(digest, generation: 3))
        #expect(try await store.quarantine(copy, of: digest, generation: 3, because: .bytes))
        _ = try await fixture.begin([1], in: store).staging.publish(as: digest, generation: 3)
        let before = fixture.faults.count(.syncDirectory)
        _ = try fixture.open()
        // The store's own directory, and that of the copy.
        #expect(fixture.faults.count(.syncDirectory) == before + 2)
    }

    @Test func `where the sync after a removal failed, the next removal makes up for it`()
        async throws
    {
        // Else the power could bring back what no list of the sweep has any more (I7).
        let store = try fixture.open()
        let digest = Digest.of([1])
        _ = try await fixture.begin([1], in: store).staging.publish(as: digest, generation: 3)
        fixture.faults.fail(.syncDirectory)
        await #expect(throws: BlobError.self) {
            try await store.delete([digest], generation: 3)
        }
        for syncs in [1, 0] {
            let before = fixture.faults.count(.syncDirectory)
            _ = try await store.delete([], generation: 4)
            #expect(fixture.faults.count(.syncDirectory) == before + syncs)
        }
    }

    @Test func `the removal of a copy that is not there any more is made durable`() async throws {
        // Who removed it may have died before it synced (I7).
        let store = try fixture.open()
        let digest = Digest.of([1])
        _ = try await fixture.begin([1], in: store).staging.publish(as: digest, generation: 3)
        #expect(try await store.delete([digest], generation: 3) == [digest])
        let before = fixture.faults.count(.syncDirectory)
        #expect(try await store.delete([digest], generation: 3) == [])
        #expect(fixture.faults.count(.syncDirectory) == before + 1)
    }

    @Test func `a failed sync refuses that upload and drops its file`() async throws {
        let store = try fixture.open()
        let (id, staging) = try await fixture.begin([1], in: store)
        fixture.faults.fail(.sync)
        let error = await #expect(throws: BlobError.self) {
            _ = try await staging.publish(as: Digest.of([1]), generation: 0)
        }
        guard case .trouble = error else {
            Issue.record("\(error as Any)")
            return
        }
        await resumeFails(id, in: store)
        #expect(try fixture.paths() == ["store"])
        #expect(store.stagingsLive == 0)
        #expect(fixture.lifeline.reasons.isEmpty)
        _ = try await fixture.begin([1], in: store).staging
            .publish(as: Digest.of([1]), generation: 0)
        #expect(try await store.stat(Digest.of([1]), generation: 0) == 1)
    }

    @Test func `a failed flush means what a failed sync means`() async throws {
        var fixture = fixture
        fixture.options.flushEvery = 4
        let store = try fixture.open()
        let (id, staging) = try await fixture.begin([1, 2], in: store)
        fixture.faults.fail(.flush)
        await #expect(throws: BlobError.self) { try await staging.append([3, 4], at: 2) }
        await resumeFails(id, in: store)
        #expect(try fixture.paths() == ["store"])
    }

    @Test func `a file that can be neither synced nor removed is never used again`() async throws {
        let store = try fixture.open()
        let (id, staging) = try await fixture.begin([1], in: store)
        fixture.faults.fail(.sync)
        fixture.faults.fail(.remove)
        await #expect(throws: BlobError.self) {
            _ = try await staging.publish(as: Digest.of([1]), generation: 0)
        }
        #expect(try fixture.paths() == ["staging/\(id)", "store"])
        await resumeFails(id, in: store)
        await #expect(throws: BlobError.unknownStaging) { _ = try await staging.size }
        await #expect(throws: BlobError.unknownStaging) { try await staging.append([2], at: 1) }
        await #expect(throws: BlobError.unknownStaging) {
            _ = try await staging.publish(as: Digest.of([1]), generation: 0)
        }
        // Care removes it once the disk lets it.
        try store.expireStagings(olderThan: .seconds(3600))
        #expect(store.stagingsLive == 0)
        #expect(try !fixture.paths().contains("staging/\(id)"))
    }

    // I1, I11: what was renamed may have been seen; whether it stays nobody can tell.
    @Test func `a failed sync of the directory renamed into ends the process`() async throws {
        let store = try fixture.open()
        _ = try await fixture.begin([1], in: store).staging
            .publish(as: Digest.of([1]), generation: 0)
        let (_, staging) = try await fixture.begin([1], in: store)
        fixture.faults.fail(.syncDirectory)
        await #expect(throws: BlobError.self) {
            _ = try await staging.publish(as: Digest.of([1]), generation: 0)
        }
        #expect(fixture.lifeline.reasons.count == 1)
    }

    @Test(arguments: [FileOperation.makeDirectory, .syncDirectory, .list, .rename])
    func `a failure before the name is there leaves the upload to be published again`(
        operation: FileOperation
    ) async throws {
        let store = try fixture.open()
        let (_, staging) = try await fixture.begin([1, 2], in: store)
        fixture.faults.fail(operation, as: .noSpace)
        await #expect(throws: BlobError.noSpace) {
            _ = try await staging.publish(as: Digest.of([1, 2]), generation: 0)
        }
        #expect(try await store.stat(Digest.of([1, 2]), generation: 0) == nil)
        _ = try await staging.publish(as: Digest.of([1, 2]), generation: 0)
        #expect(try await store.stat(Digest.of([1, 2]), generation: 0) == 2)
        #expect(fixture.lifeline.reasons.isEmpty)
    }

    @Test(arguments: [FileOperation.link, .rename])
    func `an upload that could not be published takes bytes again`(
        operation: FileOperation
    ) async throws {
        let store = try fixture.open()
        let (_, staging) = try await fixture.begin([1], in: store)
        fixture.faults.fail(operation, as: .noSpace)
        await #expect(throws: BlobError.noSpace) {
            _ = try await staging.publish(as: Digest.of([1]), generation: 0, keeps: true)
        }
        try await staging.append([2], at: 1)
        _ = try await staging.publish(as: Digest.of([1, 2]), generation: 0, keeps: true)
        try await staging.cancel()
        #expect(try !fixture.paths().contains { $0.hasPrefix("staging/") })
        #expect(try await store.stat(Digest.of([1, 2]), generation: 0) == 2)
    }

    @Test func `a second name that a dead process left is used no more`() async throws {
        var store = try fixture.open()
        let (id, staging) = try await fixture.begin([1], in: store)
        fixture.faults.fail(.rename)
        fixture.faults.fail(.remove)
        await #expect(throws: BlobError.self) {
            _ = try await staging.publish(as: Digest.of([1]), generation: 0, keeps: true)
        }
        #expect(try fixture.paths().contains("staging/\(id).link"))
        store = try fixture.open()
        let again = try await store.stage(id, .find, expected: .sha256)
        await #expect(throws: BlobError.unknownStaging) { try await again.append([2], at: 1) }
        _ = try await again.publish(as: Digest.of([1]), generation: 0, keeps: true)
        #expect(try !fixture.paths().contains("staging/\(id).link"))
        #expect(try await store.stat(Digest.of([1]), generation: 0) == 1)
    }

    @Test func `where files have one name only, an upload is published all the same`() async throws
    {
        let store = try fixture.open()
        let (id, staging) = try await fixture.begin([1], in: store)
        fixture.faults.fail(.link, as: .denied, forever: true)
        _ = try await staging.publish(as: Digest.of([1]), generation: 0, keeps: true)
        #expect(try await store.stat(Digest.of([1]), generation: 0) == 1)
        await resumeFails(id, in: store)
        #expect(store.stagingsLive == 0)
    }

    @Test func `an upload continues after a full disk where it stopped`() async throws {
        let store = try fixture.open()
        let (_, staging) = try await fixture.begin([1, 2], in: store)
        // Half of the bytes reach the file all the same.
        fixture.faults.fail(.write, as: .noSpace)
        await #expect(throws: BlobError.noSpace) { try await staging.append([8, 8, 8, 8], at: 2) }
        #expect(try await staging.size == 2)
        try await staging.append([3], at: 2)
        _ = try await staging.publish(as: Digest.of([1, 2, 3]), generation: 0)
        #expect(try await store.open(Digest.of([1, 2, 3]), generation: 0)?.count == 3)
    }

    @Test func `bytes that can be neither written nor cut off drop the upload`() async throws {
        let store = try fixture.open()
        let (id, staging) = try await fixture.begin([1, 2], in: store)
        fixture.faults.fail(.write)
        fixture.faults.fail(.truncate)
        await #expect(throws: BlobError.self) { try await staging.append([8, 8], at: 2) }
        await resumeFails(id, in: store)
    }

    @Test func `below its floor of free space a store finishes uploads and takes no more bytes`()
        async throws
    {
        var fixture = fixture
        fixture.options.freeBytesFloor = 1000
        let store = try fixture.open()
        let (_, first) = try await fixture.begin([1], in: store)
        let (_, second) = try await fixture.begin([1, 2], in: store)
        fixture.faults.freeBytes = 999
        await #expect(throws: BlobError.noSpace) {
            _ = try await fixture.begin([3], in: store)
        }
        await #expect(throws: BlobError.noSpace) { try await first.append([2], at: 1) }
        _ = try await second.publish(as: Digest.of([1, 2]), generation: 0)
        try await first.cancel()
        #expect(store.stagingsLive == 0)
        fixture.faults.freeBytes = 1000
        _ = try await fixture.begin([3], in: store)
    }

    @Test func `a store on a disk that takes no writes is read, and says so to writers`()
        async throws
    {
        let bytes = patterned(100)
        let before = try fixture.open()
        _ = try await fixture.begin(bytes, in: before).staging
            .publish(as: Digest.of(bytes), generation: 0)
        let (id, _) = try await fixture.begin([1], in: before)
        for operation in [
            FileOperation.create, .makeDirectory, .write, .truncate, .remove, .rename, .sync,
            .syncDirectory,
        ] {
            fixture.faults.fail(operation, as: .readOnly, forever: true)
        }
        let store = try fixture.open()
        #expect(store.id == before.id)
        #expect(
            try await store.open(Digest.of(bytes), generation: 0)?.read(at: 0, limit: 200) == bytes
        )
        await #expect(throws: BlobError.readOnly) { _ = try await fixture.begin([2], in: store) }
        fixture.faults.fail(.open, as: .readOnly)
        await #expect(throws: BlobError.readOnly) {
            _ = try await store.stage(id, .resume, expected: .sha256)
        }
        // Recovery needs no restart.
        fixture.faults.clear()
        _ = try await fixture.begin([2], in: store)
    }

    @Test func `a second writer of an upload is told that it is busy, and its length`() async throws
    {
        let store = try fixture.open()
        let (id, staging) = try await fixture.begin([1], in: store)
        let (inside, done) = (Flag(), Flag())
        fixture.faults.before { operation, name in
            guard operation == .write, name == id.description else { return }
            inside.raise()
            done.wait()
        }
        try await withTaskExecutorPreference(BlockingPool(threadsMax: 2)) {
            try await withThrowingTaskGroup { group in
                group.addTask { try await staging.append([2], at: 1) }
                group.addTask {
                    defer { done.raise() }
                    inside.wait()
                    let other = try await store.stage(id, .resume, expected: .sha256)
                    #expect(try await other.size == 1)
                    await #expect(throws: BlobError.busy) { try await other.append([2], at: 1) }
                    await #expect(throws: BlobError.busy) { try await other.cancel() }
                    await #expect(throws: BlobError.busy) {
                        _ = try await other.publish(as: Digest.of([1, 2]), generation: 0)
                    }
                    // Care keeps off too.
                    try store.expireStagings(olderThan: .zero)
                }
                try await group.waitForAll()
            }
        }
        fixture.faults.before(nil)
        #expect(try await staging.size == 2)
        _ = try await staging.publish(as: Digest.of([1, 2]), generation: 0)
    }
}

extension `Blobs on a disk that fails` {
    // Its client did nothing that another could be in the way of.
    @Test func `whoever comes while a staging is being closed waits, and goes on`() async throws {
        var fixture = fixture
        fixture.options.openStagingsMax = 1
        let store = try fixture.open()
        let (id, staging) = try await fixture.begin([1], in: store)
        let (inside, coming) = (Flag(), Flag())
        fixture.faults.before { operation, name in
            guard operation == .sync, name == id.description else { return }
            inside.raise()
            coming.wait()
        }
        try await withTaskExecutorPreference(BlockingPool(threadsMax: 2)) {
            try await withThrowingTaskGroup { group in
                // Another upload makes one too many, and this one is the oldest.
                group.addTask { [fixture] in _ = try await fixture.begin([2], in: store) }
                group.addTask { [faults = fixture.faults] in
                    inside.wait()
                    faults.before(nil)
                    coming.raise()
                    try await staging.append([2], at: 1)
                }
                try await group.waitForAll()
            }
        }
        #expect(try await staging.publish(as: Digest.of([1, 2]), generation: 0).size == 2)
    }
}

/// Something one thread waits for and another says.
private final class Flag: Sendable {
    private let isRaised = Mutex(false)

    func raise() {
        isRaised.withLock { $0 = true }
    }

    func wait() {
        while !isRaised.withLock(\.self) { sched_yield() }
    }
}
