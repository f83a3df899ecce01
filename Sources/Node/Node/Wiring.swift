// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Configuration
import ControlAPI
import HTTP
import HTTPServer
import OCI
import Platform
import Registry
import RegistryAPI
import SQLite

/// The listeners of a node and what each of them answers.
struct Wiring {
    let settings: Settings
    let registry: Registry
    let canary: Canary
    let blobs: DiskBlobStore
    let directory: any Directory
    let pages: PageCheckVFS
    let started: Duration
    let clocks: any Clocks

    /// Starts the main listener, that of health and metrics if it has one, and the socket.
    func servers(_ path: String) throws(NodeError) -> [Server] {
        let pool = BlockingPool(threadsMax: settings.connections.workers)
        let distribution = DistributionHandler(registry: registry, options: settings.api)
        let health = HealthHandler(canary: canary, registrar: registry.registrar)
        let hasOwnHealth = settings.operations.listen != nil
        let main = NodeHandler(
            distribution: distribution,
            health: hasOwnHealth ? nil : health,
            control: nil
        )
        var options = settings.server(
            .tcp(host: settings.listen.address.description, port: settings.listen.port)
        )
        options.certificate = try Wiring.certificate(settings, World.linux())
        var servers = [try start(options, main, pool, "\(settings.listen)")]
        if let own = settings.operations.listen {
            let options = settings.server(.tcp(host: own.address.description, port: own.port))
            servers.append(try start(options, health, pool, "\(own)"))
        }
        let socket = "\(path)/\(Wire.socketName)"
        let control = NodeHandler(
            distribution: distribution,
            health: health,
            control: ControlHandler(registry: registry, facts: facts())
        )
        servers.append(try start(settings.server(.unix(path: socket)), control, pool, socket))
        return servers
    }

    private func start(
        _ options: Server.Options,
        _ handler: any Handler,
        _ pool: BlockingPool,
        _ place: String
    ) throws(NodeError) -> Server {
        try NodeError.step("listen on \(place)") {
            let server = try Server(options, handler: handler, pool: pool)
            try server.start()
            return server
        }
    }

    private func facts() -> @Sendable () -> ControlHandler.NodeFacts {
        let (blobs, directory, pages) = (blobs, directory, pages)
        let (clocks, started) = (clocks, started)
        return {
            let free = Result { () throws(FileError) in try directory.freeBytes() }
            return ControlHandler.NodeFacts(
                version: Node.version,
                uptime: clocks.monotonic() - started,
                freeBytes: (try? free.get()) ?? 0,
                uploadsOpen: blobs.stagingsLive,
                pageCheckFailures: UInt64(pages.failures.count)
            )
        }
    }

    /// The certificate and key of the configuration, read now.
    static func certificate(
        _ settings: Settings,
        _ world: World
    ) throws(NodeError) -> Server.Certificate? {
        guard let chain = settings.tls.certificate, let key = settings.tls.key else { return nil }
        return try NodeError.step("read the certificate") {
            Server.Certificate(
                chain: try Settings.Source.read(chain, from: world.files).bytes,
                key: try Settings.Source.read(key, from: world.files).bytes
            )
        }
    }
}

extension Settings {
    /// The store's options.
    var disk: DiskBlobStore.Options {
        var options = DiskBlobStore.Options()
        options.freeBytesFloor = storage.freeSpaceFloor
        options.stagingsMax = requests.uploadsOpen
        return options
    }

    /// The registry's options.
    var registry: Registry.Options {
        var options = Registry.Options()
        options.blobSizeMax = requests.blobSize
        options.cacheBytes = Int(clamping: cache.blobs)
        options.cachedAnswersMax = cache.names
        options.cachedBlobMax = cache.blobSize
        options.changeDeadline = requests.changeDeadline
        options.uploadExpiry = storage.stagingAge
        options.registrar.waitingMax = requests.changesWaiting
        options.registrar.keepsReferrers = deletion.keepReferrers
        return options
    }

    /// The API's options.
    var api: DistributionHandler.Options {
        var options = DistributionHandler.Options()
        options.pageDefault = requests.page
        options.pageMax = requests.pageMax
        options.manifestSizeMax = Int(clamping: requests.manifestSize)
        options.tagsMax = requests.tagsPerPush
        options.publicURL = publicURL
        options.manifestLimits = manifestLimits
        options.queryLimits.lengthMax = Int(clamping: requests.querySize)
        options.queryLimits.parametersMax = requests.queryParameters
        return options
    }

    private var manifestLimits: Manifest.Limits {
        var limits = Manifest.Limits()
        limits.referencesMax = requests.manifestReferences
        limits.depthMax = requests.manifestDepth
        limits.valuesMax = requests.manifestValues
        return limits
    }

    /// The options of a listener.
    func server(_ address: Server.Address) -> Server.Options {
        var options = Server.Options(address: address)
        options.threads = connections.threads ?? 0
        options.connectionsMax = connections.max
        options.idleConnectionsMax = connections.idleMax
        options.requestsMax = requests.inFlight
        options.headerBytesMax = Int(clamping: requests.headersSize)
        options.headerFieldsMax = requests.headers
        options.headerDeadline = connections.headerDeadline
        options.bodyRateMin = Int(clamping: connections.bodyRateMin)
        options.bodyRateWindow = connections.bodyRateWindow
        options.idleTimeout = connections.idleTimeout
        options.proxies = trustedProxies
        return options
    }
}
