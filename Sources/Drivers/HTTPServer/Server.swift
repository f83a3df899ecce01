// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import Platform
import Synchronization

/// Runs an `HTTP.Handler` behind libmicrohttpd: sockets, TLS, slow clients, limits.
///
/// It knows no routes. What it refuses itself (malformed requests, too many of them) the handler does
/// not see, but is told of by `finished`.
public final class Server: Sendable {
    private let engine: Engine
    private let running = Mutex<Running?>(nil)

    private struct Running {
        let daemon: Daemon
        let acceptor: Acceptor
        let watchdog: Watchdog
        let port: UInt16
    }

    /// How long tasks have to come to an end once they are interrupted.
    private static let interruptedMax: Duration = .seconds(2)

    /// Makes a server; it neither listens nor starts a thread before `start`.
    ///
    /// Requests that memory cannot answer run as one task each on `pool`.
    public init(
        _ options: Options,
        handler: any Handler,
        pool: BlockingPool
    ) throws(ServerError) {
        var certificates: Certificates?
        if let certificate = options.certificate { certificates = try Certificates(certificate) }
        engine = Engine(options, handler, pool, certificates)
    }

    /// Listens; when it returns, clients can connect.
    public func start() throws(ServerError) {
        precondition(running.withLock { $0 == nil }, "the server was started twice")
        let listener = try Listener(engine.options.address)
        let daemon = try Daemon(engine)
        let watchdog = Watchdog(engine)
        let acceptor = Acceptor(engine, daemon, watchdog)
        let port = listener.port
        watchdog.start()
        engine.handshakes?.start()
        acceptor.start(listener, isTCP: port != 0)
        running.withLock {
            $0 = Running(daemon: daemon, acceptor: acceptor, watchdog: watchdog, port: port)
        }
    }

    /// The port it listens on, which the kernel may have chosen; 0 for a Unix socket or before `start`.
    public var port: UInt16 { running.withLock { $0?.port ?? 0 } }

    /// How many connections there are.
    public var connectionCount: Int { engine.connectionCount }

    /// How many requests are being worked on in tasks.
    public var workingCount: Int { engine.workingCount }

    /// Shows another certificate to connections that begin from now on.
    public func reloadCertificate(_ certificate: Certificate) throws(ServerError) {
        guard let certificates = engine.certificates else {
            throw .certificate("the server was started without TLS")
        }
        try certificates.replace(by: certificate)
    }

    /// Stops: refuses new connections, lets requests in flight end for at most `grace`, then breaks
    /// off what is left.
    ///
    /// Blocks the calling thread for that long; call it where that is allowed. A handler's task that
    /// does not end goes on without its client.
    public func stop(grace: Duration) {
        let stopped = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let stopped else { return }
        stopped.acceptor.stop()
        engine.isStopping.store(true, ordering: .sequentiallyConsistent)
        stopped.watchdog.endIdle()
        drain(for: grace)
        engine.interrupt()
        drain(for: Server.interruptedMax)
        engine.halt()
        stopped.watchdog.stop()
        engine.handshakes?.stop()
        stopped.daemon.stop()
    }

    /// Waits until no request is open, for at most `limit`.
    private func drain(for limit: Duration) {
        let end = now() + limit.nanoseconds
        while engine.open.load(ordering: .acquiring) > 0 || engine.workingCount > 0 {
            let time = now()
            guard time < end else { return }
            let milliseconds = min((end - time) / 1_000_000 + 1, 1_000)
            engine.drained.wait(milliseconds: Int32(milliseconds))
            engine.drained.clear()
        }
    }
}
