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
import Synchronization
import Testing

@testable import Sweep

/// Clocks that stand still until somebody sleeps, who then does what a test wants to happen meanwhile.
final class ResumingClocks: Clocks {
    private let hand = HandClocks()
    private let state = Mutex<(sleeps: Int, at: Int, body: (@Sendable () async throws -> Void)?)>(
        (0, 0, nil)
    )

    func wallMilliseconds() -> UInt64 { hand.wallMilliseconds() }
    func monotonic() -> Duration { hand.monotonic() }

    /// Does `body` in the `count`th sleep from now.
    func after(sleeps count: Int, _ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0 = (0, count, body) }
    }

    func sleep(for duration: Duration) async throws(CancellationError) {
        try await hand.sleep(for: duration)
        let due = state.withLock { state -> (@Sendable () async throws -> Void)? in
            state.sleeps += 1
            guard state.sleeps == state.at else { return nil }
            // What it holds, the test among it, is not held any longer.
            defer { state.body = nil }
            return state.body
        }
        do { try await due?() } catch { Issue.record(error) }
    }
}

/// A registry over a directory of its own, and the sweep of its store.
final class Fixture: Sendable {
    let temporary: TemporaryDirectory
    /// What may fail of the sweep's own file.
    let faults = Faults()
    let clocks = ResumingClocks()
    let world: World
    let catalog: Catalog
    let blobs: DiskBlobStore
    let registry: Registry
    let sweep: Sweep
    private let gone: Told

    /// What the sweep said it has freed.
    private final class Told: Sendable {
        let candidates = Mutex<[Sweep.Candidate]>([])
    }

    init(_ temporary: TemporaryDirectory? = nil, options: Sweep.Options = Fixture.options) throws {
        let temporary = try temporary ?? TemporaryDirectory()
        self.temporary = temporary
        world = World(
            clocks: clocks,
            random: LinuxRandom(),
            files: LinuxFileSystem(),
            lifeline: NotedLifeline()
        )
        var disk = DiskBlobStore.Options()
        disk.freeBytesFloor = 1
        blobs = try DiskBlobStore(in: temporary.directory, world: world, options: disk)
        catalog = try Catalog(at: temporary.path, world: world)
        registry = Registry(
            world: world,
            catalog: catalog,
            blobs: blobs,
            sequencer: LocalSequencer(),
            keyring: try Keyring.open(in: temporary.directory, world: world).keyring
        )
        let gone = Told()
        self.gone = gone
        sweep = try Sweep(
            world: world,
            catalog: catalog,
            blobs: blobs,
            files: try FaultyFileSystem(LinuxFileSystem(), faults: faults)
                .directory(at: temporary.path, .mustExist),
            options: options
        ) { candidates in gone.candidates.withLock { $0 += candidates } }
        registry.leaveLate { [sweep] digest, generation throws(BlobError) in
            try sweep.expect(digest, under: generation)
        } to: { [sweep] digest, generation in
            await sweep.free(digest, generation: generation)
        }
    }

    /// Pages of three copies, so that a few make several.
    static var options: Sweep.Options {
        var options = Sweep.Options()
        options.pageMax = 3
        return options
    }

    deinit {
        try? catalog.close()
    }

    var freed: [Sweep.Candidate] { gone.candidates.withLock { $0 } }

    /// The same directory as after a restart, in order or after a crash.
    func reopened(inOrder: Bool = true) throws -> Fixture {
        if inOrder { try sweep.close() }
        try catalog.close()
        return try Fixture(temporary)
    }

    /// Stores and links a blob.
    @discardableResult
    func push(_ text: String, to repository: String = "a") async throws -> Digest {
        let bytes = Array(text.utf8)
        let digest = Digest.of(bytes)
        let receipt = try await store(bytes)
        try await registry.change(try name(repository), .linkBlob(receipt))
        return digest
    }

    /// Stores a blob that nothing names; under the epoch, where no generation is said.
    @discardableResult
    func store(_ bytes: [UInt8], generation: UInt64? = nil) async throws -> Receipt {
        let epoch = try catalog.read { view throws(CatalogError) in try view.epoch().number }
        let staging = try await blobs.stage(
            Identifier(from: world.random),
            .begin,
            expected: .sha256
        )
        try await staging.append(bytes, at: 0)
        return try await staging.publish(as: Digest.of(bytes), generation: generation ?? epoch)
    }

    func unlink(_ digest: Digest, from repository: String = "a") async throws {
        try await registry.change(try name(repository), .deleteBlob(digest))
    }

    private func name(_ text: String) throws -> RepositoryName {
        try #require(RepositoryName(text))
    }

    /// Raises the epoch that often, whatever the registry thinks of it, and gives the epoch.
    @discardableResult
    func raise(_ count: Int = 1) async throws -> UInt64 {
        for _ in 0..<count {
            let epoch = try registry.read { view throws(CatalogError) in try view.epoch() }
            try await registry.change(name("own"), .raiseEpoch(from: epoch))
        }
        return try registry.read { view throws(CatalogError) in try view.epoch() }.number
    }

    /// Puts a directory in the place of a copy of generation 2, which can be opened, and not removed as a file is;
    /// returns the directory that has it.
    func block(_ digest: Digest) throws -> any Directory {
        let folder = try temporary.directory.directory("blobs", .mustExist)
            .directory("00000000000000000002", .mustExist).directory("sha256", .mustExist)
            .directory(String(digest.hex.prefix(2)), .mustExist)
        try folder.remove(digest.hex)
        _ = try folder.directory(digest.hex, .createIfMissing)
        return folder
    }

    /// Every copy there is, in order.
    func copies() async throws -> [(generation: UInt64, digest: Digest)] {
        var copies: [(UInt64, Digest)] = []
        for generation in try await blobs.generations() {
            let page = try await blobs.page(generation: generation, after: nil, limit: 1000)
            copies += page.map { (generation, $0) }
        }
        return copies
    }
}
