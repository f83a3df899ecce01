// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import HTTP
import Journal
import Platform
import Registry
import RegistryAPI
import Retention
import SQLite
import Scrub
import Sweep

/// One process of the product on a simulated machine: registrar, journals, catalog, blob store and
/// handler as they are in production, wired in the order in which the node wires them.
///
/// SQLite is the real one, over the VFS that checks pages, over the directory of the simulated disk.
struct SimulatedNode: Sendable {
    /// The data directory's path on the disk.
    static let directory = "data"

    let catalog: Catalog
    let blobs: DiskBlobStore
    let registry: Registry
    let sweep: Sweep
    let retention: Retention
    let scrub: Scrub
    let handler: any Handler
    let canary: Canary
    let lifeline: SimulatedLifeline
    private let pages: PageCheckVFS

    /// Starts a node, or throws what its start-up refuses with.
    init(
        world: World,
        lifeline: SimulatedLifeline,
        sequencer: any Sequencer = LocalSequencer(),
        pace: DelayingBlobStore.Pace? = nil,
        options: Registry.Options = SimulatedNode.registryOptions,
        retentionObserver: Retention.Observer = Retention.Observer { _, _ in },
        scrubbed: @escaping @Sendable (Scrub.Event) -> Void = { _ in }
    ) async throws {
        self.lifeline = lifeline
        let directory = try world.files.directory(at: SimulatedNode.directory, .createIfMissing)
        let (keyring, _) = try Keyring.open(in: directory, world: world)
        var blobOptions = DiskBlobStore.Options()
        blobOptions.freeBytesFloor = SimulatedNode.freeBytesFloor
        blobOptions.flushEvery = SimulatedNode.flushEvery
        let disk = try DiskBlobStore(in: directory, world: world, options: blobOptions)
        self.blobs = disk
        let blobs = pace.map { DelayingBlobStore(base: disk, pace: $0) as any BlobStore } ?? disk
        (pages, catalog) = try SimulatedNode.catalog(
            in: directory,
            world,
            isSynced: !sequencer.keepsEntries
        )
        registry = Registry(
            world: world,
            catalog: catalog,
            blobs: blobs,
            sequencer: sequencer,
            keyring: keyring,
            options: options
        )
        try await registry.registrar.follow()
        sweep = try Sweep(
            world: world,
            catalog: catalog,
            blobs: blobs,
            files: directory,
            options: SimulatedNode.sweepOptions
        ) { _ in }
        registry.leaveLate { [sweep] digest, generation throws(BlobError) in
            try sweep.expect(digest, under: generation)
        } to: { [sweep] digest, generation in
            await sweep.free(digest, generation: generation)
        }
        retention = Retention(
            registry: registry,
            clocks: world.clocks,
            observer: retentionObserver
        )
        scrub = try Scrub(
            world: world,
            catalog: catalog,
            blobs: blobs,
            files: directory,
            options: SimulatedNode.scrubOptions
        ) { [registry, sweep] event in
            scrubbed(event)
            switch event {
            case .lost(let loss): registry.forget(loss.digest)
            case .catalogDamaged(let findings): _ = await registry.mend(findings)
            case .orphaned(let digest, let generation):
                sweep.suspect(digest, generation: generation)
            case .repaired, .sourceFailed, .unexamined: break
            }
        }
        registry.tellLosses { [weak scrub] digest, generation, flaw in
            await scrub?.noteLoss(digest, generation: generation, flaw: flaw)
        }
        // As in production, what was damaged before a restart is not built upon after it.
        let damaged = scrub.status.damagedEntries
        if !damaged.isEmpty { lifeline.note(registry.stop(because: damaged)) }
        handler = DistributionHandler(registry: registry)
        canary = Canary(registry)
        // As in production, a node whose canary cannot be placed serves all the same.
        do throws(RegistryError) { try await canary.place() } catch {
            lifeline.note("the canary content could not be placed: \(error)")
        }
    }

    private static func catalog(
        in directory: any Directory,
        _ world: World,
        isSynced: Bool
    ) throws -> (PageCheckVFS, Catalog) {
        let options = catalogOptions(directory, world, isSynced: isSynced)
        guard let pages = options.vfs else { preconditionFailure("the options have a VFS") }
        return (pages, try Catalog(at: SimulatedNode.directory, world: world, options: options))
    }

    private static func catalogOptions(
        _ directory: any Directory,
        _ world: World,
        isSynced: Bool
    ) -> Catalog.Options {
        let files = DirectoryVFS(
            directory,
            clocks: world.clocks,
            random: world.random,
            wait: DirectoryVFS.passingNoTime
        )
        var options = Catalog.Options()
        options.vfs = PageCheckVFS(over: .directory(files)) { failure in
            world.lifeline.halt("the catalog could not be synced: \(failure)")
        }
        options.checkpointFrames = checkpointFrames
        if !isSynced { options.synchronous = .normal }
        return options
    }

    /// Makes the catalog of a node that does not run anew from its entries.
    static func rebuildCatalog(_ world: World, isSynced: Bool) throws {
        let directory = try world.files.directory(at: SimulatedNode.directory, .mustExist)
        try CatalogRebuild.offline(
            at: SimulatedNode.directory,
            world: world,
            options: catalogOptions(directory, world, isSynced: isSynced)
        ) { _, _ in }
    }

    /// Stops in order: nothing is in flight any more.
    func stop() throws {
        try sweep.close()
        try catalog.close()
    }

    /// Larger blobs are sent as they lie on the disk, without being hashed on the way.
    static let cachedBlobMax: UInt64 = 32 << 10
    private static let registryOptions: Registry.Options = {
        var options = Registry.Options()
        options.cachedBlobMax = cachedBlobMax
        return options
    }()

    // Limits small enough that a short run reaches them.
    private static let checkpointFrames: Int32 = 60
    private static let freeBytesFloor: UInt64 = 60_000
    private static let flushEvery: UInt64 = 20_000
    private static let scrubOptions: Scrub.Options = {
        var options = Scrub.Options()
        options.pageMax = 5
        return options
    }()
    private static let sweepOptions: Sweep.Options = {
        var options = Sweep.Options()
        options.pageMax = 5
        return options
    }()
}
