// SPDX-License-Identifier: Apache-2.0

import CShims
import CMicroHTTPD
import Glibc
import HTTP
import Platform
import Synchronization

/// The thread that takes new connections.
final class Acceptor: Sendable {
    /// How long it waits when the process has no descriptor left, in milliseconds.
    private static let pauseMilliseconds: Int32 = 20

    private let engine: Engine
    private let daemon: Daemon
    private let watchdog: Watchdog
    private let bell = Bell()
    private let stopping = Atomic(false)
    private let thread = Mutex<Thread?>(nil)

    init(_ engine: Engine, _ daemon: Daemon, _ watchdog: Watchdog) {
        self.engine = engine
        self.daemon = daemon
        self.watchdog = watchdog
    }

    /// Takes connections from `listener`, which is closed when it stops.
    func start(_ listener: Listener) {
        let thread = Thread { [self] in run(listener) }
        self.thread.withLock { $0 = thread }
    }

    /// Stops; the next client is refused by the kernel.
    func stop() {
        stopping.store(true, ordering: .relaxed)
        bell.ring()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    private func run(_ listener: Listener) {
        while !stopping.load(ordering: .relaxed) {
            var waits = [
                pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe poll(&waits, nfds_t(waits.count), -1) > 0, waits[0].revents != 0 else {
                continue
            }
            while !stopping.load(ordering: .relaxed), acceptOne(listener) {}
        }
    }

    /// Takes one connection; false when there is none.
    private func acceptOne(_ listener: Listener) -> Bool {
        var peer = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let socket = unsafe bw_accept(listener.descriptor, &peer, &size)
        guard socket >= 0 else {
            switch errno {
            case EAGAIN: return false
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                _ = watchdog.makeRoom()
                bell.wait(milliseconds: Acceptor.pauseMilliseconds)
                return true
            default: return true
            }
        }
        if engine.connections.count >= engine.options.connectionsMax, !watchdog.makeRoom() {
            refuse(socket)
        } else {
            daemon.add(socket, &peer, size)
        }
        return true
    }

    /// Tells a client for which there is no room.
    private func refuse(_ socket: Int32) {
        defer { close(socket) }
        guard engine.certificates == nil else { return }
        var response = engine.refusal(503, "Too many connections at once.")
        response.closesConnection = true
        let answer = DirectAnswer(response, requestID: engine.identities.next())
        if let bytes = answer.bytes { _ = DirectAnswer.send(bytes, socket: socket) }
    }
}
