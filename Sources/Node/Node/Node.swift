// SPDX-License-Identifier: Apache-2.0

import Catalog
public import Configuration
import HTTP
import HTTPServer
public import Platform
import Registry
import Retention
import Scrub
import Sweep
import Synchronization
import Telemetry

/// One server, wired: what starts, in which order, and how it stops.
///
/// Nothing here decides.
public final class Node: Sendable {
    /// The version that `breakwater version` prints.
    public static let version = "0.1.0"

    /// How long a stop waits for care that was cancelled; it looks at that between two pages.
    private static let careEndMilliseconds: Int32 = 10_000

    private let settings: Settings
    private let world: World
    private let lock: DirectoryLock
    private let data: DataDirectory
    private let log: NodeLog
    private let caretaker: Caretaker
    private let expiryCare: ExpiryCare
    private let sweepCare: SweepCare
    private let retentionCare: RetentionCare
    private let serversEnded = Bell()
    private let scrubCare: ScrubCare
    /// Where `care` runs.
    public let carePool = BlockingPool(threadsMax: 2)
    private let careEnded = Mutex<Bell?>(nil)
    private let servers: [Server]
    /// Where clients reach the main listener.
    public let address: String
    /// What the operator should know of this start.
    public let notices: [String]

    /// Starts a node; when it returns, clients are answered.
    public init(_ settings: Settings, log: NodeLog, world: World) async throws(NodeError) {
        self.settings = settings
        self.world = world
        self.log = log
        _ = try NodeError.step("open the data directory '\(settings.data)'") {
            try world.files.directory(at: settings.data, .createIfMissing)
        }
        lock = try Node.lock(settings.data)
        let content = settings.disk(log.log)
        data = try DataDirectory(at: settings.data, world: world, content: content)
        var notices = settings.warnings + data.notices
        let registry = data.registry(world, settings.registry)
        let canary = Canary(registry)
        do throws(RegistryError) { try await canary.place() } catch {
            notices.append("the canary content could not be placed: \(error)")
        }
        let (metrics, started) = (Metrics(), world.clocks.monotonic())
        registry.measure(in: metrics)
        let sweep = try data.sweep(world, settings.sweepOptions, registry, log.log)
        NodeMetrics.register(sweep, in: metrics)
        if let notice = sweep.notice { notices.append(notice) }
        retentionCare = RetentionCare(of: registry, data, settings, world, log.log)
        NodeMetrics.register(retentionCare.retention, in: metrics)
        expiryCare = ExpiryCare(of: registry, settings, world.clocks, log.log)
        sweepCare = SweepCare(
            registry: registry,
            sweep: sweep,
            interval: settings.sweep.interval,
            clocks: world.clocks,
            log: log.log
        )
        let scrub = try data.scrub(world, settings.scrubOptions, registry, sweep, log.log)
        NodeMetrics.register(scrub, in: metrics, started: started, clocks: world.clocks)
        if let notice = scrub.notice { notices.append(notice) }
        ScrubCare.stop(because: scrub.status.damagedEntries, registry, log.log)
        scrubCare = ScrubCare(scrub: scrub, clocks: world.clocks, log: log.log)
        let alarm = settings.scrub.quarantineAlarm
        NodeMetrics(data: data, log: log.log, quarantineAlarm: alarm).register(
            in: metrics,
            version: Node.version,
            started: started,
            clocks: world.clocks
        )
        servers = try Wiring(
            settings: settings,
            world: world,
            data: data,
            registry: registry,
            sweep: sweep,
            retention: retentionCare.retention,
            scrub: scrub,
            canary: canary,
            log: log.log,
            metrics: metrics,
            started: started
        ).servers()
        caretaker = Caretaker(
            blobs: data.blobs,
            stagingAge: settings.storage.stagingAge,
            quarantineAlarm: alarm,
            pages: data.pages,
            log: log.log
        )
        caretaker.start()
        let scheme = settings.tls.certificate == nil ? "http" : "https"
        let endpoint = Endpoint(address: settings.listen.address, port: servers[0].port)
        address = "\(scheme)://\(endpoint)"
        self.notices = notices
        tellReady()
    }

    private func tellReady() {
        for notice in notices { log.log.write(.warning, notice) }
        // On standard error it would stand beside the line that the command prints.
        guard settings.log.file != nil else { return }
        log.log.write(
            .info,
            "ready",
            [("version", .text(Node.version)), ("address", .text(address))]
        )
    }

    /// Does what must be done now and then, until it is cancelled; to be run in `carePool`.
    ///
    /// Returns at once where nothing can be written.
    public func care() async {
        guard data.readOnly == nil else { return }
        let ended = Bell()
        careEnded.withLock { $0 = ended }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.expiryCare.run() }
            group.addTask { await self.sweepCare.run() }
            group.addTask { await self.retentionCare.run() }
            group.addTask { await self.scrubCare.run() }
        }
        // What is answered until the end was pulled too.
        let grace = settings.shutdownGrace.components.seconds * 1000
        serversEnded.wait(milliseconds: Int32(clamping: grace))
        await retentionCare.flush()
        ended.ring()
    }

    /// Stops: no new connections, requests in flight end within the grace, the catalog is closed
    /// without a WAL.
    ///
    /// Blocks the calling thread. All listeners stop at once, so that none takes work that another's
    /// clients have no time for. Whoever runs `care` cancels it first.
    public func stop() throws(NodeError) {
        log.log.write(.info, "stopping")
        let grace = settings.shutdownGrace
        let stops = servers.map { server in Thread { server.stop(grace: grace) } }
        for stop in stops { stop.join() }
        serversEnded.ring()
        caretaker.stop()
        careEnded.withLock { $0 }?.wait(milliseconds: Node.careEndMilliseconds)
        if data.readOnly == nil {
            retentionCare.noteUnwritten()
            do throws(SweepError) { try sweepCare.sweep.close() } catch {
                log.log.write(
                    .warning,
                    "the sweep's state was not kept",
                    [("cause", .text("\(error)"))]
                )
            }
        }
        try NodeError.step("close the catalog") { try data.catalog.close() }
        log.log.write(.info, "stopped")
    }

    /// Shows the certificate that is now in the files that `settings` name, takes the log's new level,
    /// and opens its file anew.
    ///
    /// The rest of `settings` counts from the next start. A certificate that cannot be used leaves
    /// everything as it is.
    public func reload(_ settings: Settings) throws(NodeError) {
        let certificate = try Wiring.certificate(settings, world)
        guard (certificate == nil) == (self.settings.tls.certificate == nil) else {
            throw NodeError("TLS is switched on or off at a start only; restart the server")
        }
        if let certificate {
            try NodeError.step("use the new certificate") {
                try servers[0].reloadCertificate(certificate)
            }
        }
        try log.reload(settings)
        log.log.write(.info, "reloaded")
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
