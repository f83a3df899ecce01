// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Journal
import Platform
import Registry
import SQLite
import Scrub
import Sweep
import Telemetry

/// What a data directory holds, opened; whoever opens it holds the directory's lock.
///
/// Where the catalog may not be written it is opened as it stands, with everything SQLite must write
/// kept in memory: pulls are served, changes are refused (`readOnly`).
struct DataDirectory: Sendable {
    let path: String
    let files: any Directory
    let keyring: Keyring
    /// Whether the keyring was made just now.
    let isNew: Bool
    let blobs: DiskBlobStore
    let catalog: Catalog
    let pages: PageCheckVFS
    /// Whether pulls may be lost.
    let lostPulls: LostPulls
    /// Why nothing here can be written; nil where it can.
    let readOnly: String?

    /// Opens it, making at first what is not there.
    init(
        at path: String,
        world: World,
        content: DiskBlobStore.Options = DiskBlobStore.Options()
    ) throws(NodeError) {
        self.path = path
        let files = try NodeError.step("open the data directory '\(path)'") {
            try world.files.directory(at: path, .createIfMissing)
        }
        (keyring, isNew) = try NodeError.step("open the keyring") {
            try Keyring.open(in: files, world: world)
        }
        let blobs = try NodeError.step("open the content") {
            try DiskBlobStore(in: files, world: world, options: content)
        }
        let readOnly = try NodeError.step("open the catalog") {
            try DataDirectory.requireCatalog(of: blobs, in: files)
            return try DataDirectory.obstacle(in: files)
        }
        lostPulls = try LostPulls.look(in: files)
        let pages = DataDirectory.pages(
            readOnly == nil
                ? .system
                : .directory(.inMemory(over: files, clocks: world.clocks, random: world.random)),
            world
        )
        var options = Catalog.Options()
        options.vfs = pages
        catalog = try NodeError.step("open the catalog") {
            try Catalog(at: path, world: world, options: options)
        }
        (self.files, self.blobs, self.pages, self.readOnly) = (files, blobs, pages, readOnly)
    }

    /// A VFS that checks pages and ends the process when a sync fails.
    static func pages(_ base: PageCheckVFS.Base, _ world: World) -> PageCheckVFS {
        let lifeline = world.lifeline
        return PageCheckVFS(over: base) { failure in
            lifeline.halt("the catalog could not be synced: \(failure)")
        }
    }

    /// Where lost copies may be had from: nothing else has any yet.
    private static let repairSources: [any RepairSource] = []

    /// The registry over what is here.
    func registry(_ world: World, _ options: Registry.Options = Registry.Options()) -> Registry {
        var options = options
        options.hasRepairSources = !DataDirectory.repairSources.isEmpty
        let registry = Registry(
            world: world,
            catalog: catalog,
            blobs: blobs,
            sequencer: LocalSequencer(),
            keyring: keyring,
            options: options
        )
        if let readOnly { registry.registrar.refuse(readOnly) }
        return registry
    }

    /// The sweep of the store that is here, to which the registry leaves what comes too late to be named.
    func sweep(
        _ world: World,
        _ options: Sweep.Options,
        _ registry: Registry,
        _ log: Log
    ) throws(NodeError) -> Sweep {
        let sweep = try NodeError.step("open the sweep's state") {
            try Sweep(
                world: world,
                catalog: catalog,
                blobs: blobs,
                files: files,
                options: options
            ) { gone in SweepCare.tell(gone, log) }
        }
        registry.leaveLate { digest, generation throws(BlobError) in
            try sweep.expect(digest, under: generation)
        } to: { digest, generation in
            await sweep.free(digest, generation: generation)
        }
        return sweep
    }

    /// The scrub of the store that is here, which the registry tells what it finds lost, and which leaves to the
    /// sweep what nothing can name.
    func scrub(
        _ world: World,
        _ options: Scrub.Options,
        _ registry: Registry,
        _ sweep: Sweep,
        _ log: Log
    ) throws(NodeError) -> Scrub {
        let scrub = try NodeError.step("open the scrub's state") {
            try Scrub(
                world: world,
                catalog: catalog,
                blobs: blobs,
                files: files,
                sources: DataDirectory.repairSources,
                options: options
            ) { event in await ScrubCare.meet(event, registry, sweep, log) }
        }
        registry.tellLosses { [weak scrub] digest, generation, flaw in
            await scrub?.noteLoss(digest, generation: generation, flaw: flaw)
        }
        return scrub
    }

    /// What the operator should know of this opening.
    var notices: [String] {
        var notices: [String] = []
        if isNew {
            notices.append(
                "made the keyring '\(path)/\(Keyring.fileName)'; keep a copy of it with your backups"
            )
        }
        if let readOnly { notices.append("\(readOnly); pulls are served from what is there") }
        return notices
    }

    /// Refuses content whose catalog is gone: a new one would name nothing of it.
    ///
    /// At first the catalog is made, durably, before any content is taken.
    private static func requireCatalog(of blobs: DiskBlobStore, in files: any Directory) throws {
        guard try !Catalog.exists(in: files), try blobs.hasContent() else { return }
        throw CatalogError.damaged(
            "there is content but no '\(Catalog.fileName)', so every change is lost: restore the data "
                + "directory from a backup, or choose another one to begin with nothing"
        )
    }

    private static func obstacle(in files: any Directory) throws(FileError) -> String? {
        do throws(FileError) {
            _ = try files.open(Catalog.fileName, .write)
            return nil
        } catch {
            switch error.kind {
            case .notFound: return nil
            case .readOnly: return "the data directory's disk can only be read"
            case .denied: return "the catalog's file may only be read"
            default: throw error
            }
        }
    }
}
