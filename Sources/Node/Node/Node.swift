// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Catalog
public import Configuration
import ControlAPI
import HTTP
import HTTPServer
import Journal
import OCI
public import Platform
import Registry
import RegistryAPI
import SQLite

/// One server, wired: what starts, in which order, and how it stops.
///
/// Nothing here decides.
public final class Node: Sendable {
    /// The version that `breakwater version` prints.
    public static let version = "0.1.0"

    private let settings: Settings
    private let world: World
    private let lock: DirectoryLock
    private let catalog: Catalog
    private let servers: [Server]
    /// Where clients reach the main listener.
    public let address: String
    /// What the operator should know of this start.
    public let notices: [String]

    /// Starts a node; when it returns, clients are answered.
    public init(_ settings: Settings, world: World) async throws(NodeError) {
        self.settings = settings
        self.world = world
        var notices = settings.warnings
        let path = settings.data
        let directory = try NodeError.step("open the data directory '\(path)'") {
            try world.files.directory(at: path, .createIfMissing)
        }
        let lock = try Node.lock(path)
        let (keyring, isNewKeyring) = try NodeError.step("open the keyring") {
            try Keyring.open(in: directory, world: world)
        }
        if isNewKeyring {
            notices.append(
                "made the keyring '\(path)/\(Keyring.fileName)'; keep a copy of it with your backups"
            )
        }
        let blobs = try NodeError.step("open the content") {
            try DiskBlobStore(in: directory, world: world, options: settings.disk)
        }
        let lifeline = world.lifeline
        let pages = PageCheckVFS(over: .system) { failure in
            lifeline.halt("the catalog could not be synced: \(failure)")
        }
        var options = Catalog.Options()
        options.vfs = pages
        let catalog = try NodeError.step("open the catalog") {
            try Catalog(at: path, world: world, options: options)
        }
        let registry = Registry(
            world: world,
            catalog: catalog,
            blobs: blobs,
            sequencer: LocalSequencer(),
            keyring: keyring,
            options: settings.registry
        )
        let canary = Canary(registry)
        do throws(RegistryError) { try await canary.place() } catch {
            notices.append("the canary content could not be placed: \(error)")
        }
        let wiring = Wiring(
            settings: settings,
            registry: registry,
            canary: canary,
            blobs: blobs,
            directory: directory,
            pages: pages,
            started: world.clocks.monotonic(),
            clocks: world.clocks
        )
        servers = try wiring.servers(path)
        let scheme = settings.tls.certificate == nil ? "http" : "https"
        let endpoint = Endpoint(address: settings.listen.address, port: servers[0].port)
        address = "\(scheme)://\(endpoint)"
        self.lock = lock
        self.catalog = catalog
        self.notices = notices
    }

    /// Stops: no new connections, requests in flight end within the grace, the catalog is closed
    /// without a WAL.
    ///
    /// Blocks the calling thread.
    public func stop() throws(NodeError) {
        for server in servers { server.stop(grace: settings.shutdownGrace) }
        try NodeError.step("close the catalog") { try catalog.close() }
    }

    /// Shows the certificate that is in the files now.
    public func reload() throws(NodeError) {
        guard let certificate = try Wiring.certificate(settings, world) else { return }
        try NodeError.step("reload the certificate") {
            try servers[0].reloadCertificate(certificate)
        }
    }

    private static func lock(_ path: String) throws(NodeError) -> DirectoryLock {
        do throws(FileError) {
            if let lock = try DirectoryLock(path: path) { return lock }
        } catch {
            throw NodeError("lock the data directory '\(path)': \(NodeError.sentence(error))")
        }
        throw NodeError(
            "another breakwater uses the data directory '\(path)'; stop it, or choose another with "
                + "--data"
        )
    }
}
