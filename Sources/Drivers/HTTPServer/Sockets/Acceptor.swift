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
    ///
    /// Those of TCP wait in a lobby for their first byte.
    func start(_ listener: Listener, isTCP: Bool) {
        let thread = Thread { [self] in run(listener, isTCP ? Lobby(engine) : nil) }
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

    private func run(_ listener: Listener, _ lobby: Lobby?) {
        while !stopping.load(ordering: .relaxed) {
            // A negative descriptor is one that nobody looks at.
            var waits = [listener.descriptor, bell.descriptor, lobby?.descriptor ?? -1].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let limit = lobby?.closeLate() ?? -1
            guard unsafe poll(&waits, nfds_t(waits.count), limit) > 0 else { continue }
            if waits[2].revents != 0, let lobby { lobby.takeReady().forEach(admit) }
            guard waits[0].revents != 0 else { continue }
            while !stopping.load(ordering: .relaxed), acceptOne(listener, lobby) {}
        }
    }

    /// Gives a connection to the library.
    private func admit(_ guest: Lobby.Guest) {
        var peer = guest.peer
        engine.connections.expect(guest.socket, since: guest.since)
        daemon.add(guest.socket, &peer, guest.peerSize)
    }

    /// Takes one connection; false when there is none.
    private func acceptOne(_ listener: Listener, _ lobby: Lobby?) -> Bool {
        var peer = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let socket = unsafe bw_accept(listener.descriptor, &peer, &size)
        guard socket >= 0 else {
            switch errno {
            case EAGAIN: return false
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                _ = makeRoom(lobby)
                bell.wait(milliseconds: Acceptor.pauseMilliseconds)
                return true
            default: return true
            }
        }
        guard engine.connectionCount < engine.options.connectionsMax || makeRoom(lobby) else {
            refuse(socket)
            return true
        }
        let guest = Lobby.Guest(socket: socket, peer: peer, peerSize: size, since: now())
        if lobby?.enter(guest) != true { admit(guest) }
        return true
    }

    /// Ends a connection that says nothing, if there is one: first of those that never did.
    private func makeRoom(_ lobby: Lobby?) -> Bool {
        lobby?.makeRoom() ?? false || watchdog.makeRoom()
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
