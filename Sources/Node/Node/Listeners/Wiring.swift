// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Configuration
import ControlAPI
import HTTP
import HTTPServer
import Platform
import Registry
import RegistryAPI
import Retention
import Scrub
import SQLite
import Sweep
import Telemetry

/// The listeners of a node and what each of them answers.
struct Wiring {
    let settings: Settings
    let world: World
    let data: DataDirectory
    let registry: Registry
    let sweep: Sweep
    let retention: Retention
    let scrub: Scrub
    let canary: Canary
    let log: Log
    let metrics: Metrics
    let started: Duration

    /// Starts the main listener, that of health and metrics if it has one, and the socket.
    func servers() throws(NodeError) -> [Server] {
        let pool = BlockingPool(threadsMax: settings.connections.workers)
        let telemetry = RequestTelemetry(log: log, metrics: metrics)
        let distribution = DistributionHandler(registry: registry, options: settings.api)
        let health = HealthHandler(
            canary: canary,
            registrar: registry.registrar,
            metrics: metrics
        )
        func handler(
            _ distribution: DistributionHandler?,
            _ health: HealthHandler?,
            _ control: ControlHandler? = nil
        ) -> NodeHandler {
            NodeHandler(
                telemetry: telemetry,
                distribution: distribution,
                health: health,
                control: control
            )
        }
        var options = settings.server(
            .tcp(host: settings.listen.address.description, port: settings.listen.port)
        )
        options.certificate = try Wiring.certificate(settings, world)
        let own = settings.operations.listen
        var servers = [
            try start(
                options,
                handler(distribution, own == nil ? health : nil),
                pool,
                "\(settings.listen)"
            )
        ]
        if let own {
            let options = settings.server(.tcp(host: own.address.description, port: own.port))
            servers.append(try start(options, handler(nil, health), pool, "\(own)"))
        }
        // A socket is a name in the directory; where none can be made, there is none.
        if data.readOnly == nil {
            let socket = "\(data.path)/\(Wire.socketName)"
            let control = ControlHandler(
                registry: registry,
                sweep: sweep,
                retention: retention,
                scrub: scrub,
                facts: facts()
            )
            let everything = handler(distribution, health, control)
            servers.append(
                try start(settings.server(.unix(path: socket)), everything, pool, socket)
            )
        }
        NodeMetrics.register(servers[0], in: metrics)
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
        let (data, names, clocks, started) = (data, settings.names, world.clocks, started)
        let (sweepInterval, expiryInterval) = (settings.sweep.interval, settings.expiryInterval)
        return {
            ControlHandler.NodeFacts(
                version: Node.version,
                uptime: clocks.monotonic() - started,
                names: Wire.Names(
                    estate: names.estate,
                    region: names.region,
                    zone: names.zone,
                    node: names.node
                ),
                freeBytes: NodeMetrics.value(data.files.freeBytes),
                uploadsOpen: data.blobs.stagingsLive,
                pageCheckFailures: data.pages.counts.failures,
                sweepInterval: sweepInterval,
                expiryInterval: expiryInterval
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
