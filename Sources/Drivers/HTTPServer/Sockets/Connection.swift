// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc
import HTTP
import Synchronization

/// What we know of one client's connection; the library's own record is not for us.
///
/// Written by the thread that moves this connection's bytes, read by the watchdog.
final class Connection: Sendable {
    /// What the client is expected to do next.
    enum Phase: UInt8, AtomicRepresentable {
        /// Send its first header.
        case opened
        /// Send another header, or nothing.
        case idle
        /// Wait for an answer, or send a body.
        case busy
        /// Read an answer that came before the end of its request's body.
        case lingering
    }

    /// How long a handshake and its first request may wait for their client uncounted, in nanoseconds.
    private static let handshakeGrace: UInt64 = 1_000_000_000

    let socket: Int32
    /// For the log: `127.0.0.1:4711`, or `unix`.
    let peer: String
    /// Whether the peer is a configured proxy.
    let isProxy: Bool
    /// What a TLS connection shows its client; nil for plain HTTP.
    let certificates: Certificates?
    /// What reads for its TLS session; nil for plain HTTP.
    let handshake: Handshake?

    let phase = Atomic(Phase.opened)
    /// When the phase began, in nanoseconds.
    let since: Atomic<UInt64>
    /// Bytes the client has sent as whole requests.
    let consumed = Atomic<UInt64>(0)
    /// Bytes of bodies the client has sent.
    let bodyBytes = Atomic<UInt64>(0)
    /// Whether a body is awaited and we do not hold the client back.
    let awaitsBody = Atomic(false)
    /// Whether the watchdog ended it because its body came too slowly.
    let wasTooSlow = Atomic(false)

    init(
        socket: Int32,
        address: PeerAddress,
        proxies: [AddressRange],
        certificates: Certificates?,
        handshake: Handshake?
    ) {
        self.socket = socket
        self.certificates = certificates
        self.handshake = handshake
        peer = address.text
        isProxy =
            address.address.map { address in proxies.contains { $0.contains(address) } } ?? false
        since = Atomic(now())
    }

    var isTLS: Bool { certificates != nil }

    /// Whether no request of it is known.
    var isResting: Bool {
        let phase = phase.load(ordering: .acquiring)
        return phase == .idle || phase == .opened
    }

    /// Whether it costs memory and its client asks for nothing: between two requests, or long in or after
    /// a handshake of TLS.
    func isIdle(at time: UInt64) -> Bool {
        switch phase.load(ordering: .acquiring) {
        case .idle: return true
        case .busy, .lingering: return false
        case .opened:
            guard let handshake, handshake.awaitsClient.load(ordering: .relaxed) else {
                return false
            }
            return time > since.load(ordering: .relaxed) + Connection.handshakeGrace
        }
    }

    /// A header is complete: the client waits for us, or sends its body.
    func began(headBytes: Int) {
        phase.store(.busy, ordering: .relaxed)
        consumed.wrappingAdd(UInt64(headBytes), ordering: .relaxed)
    }

    /// The answer is sent and another request may come.
    ///
    /// `framed` says that more bytes came than head and body: of chunks, or of TLS. Then the kernel
    /// is asked; what of a next request came already with the last one is not counted against it.
    func rested(bodyBytes: UInt64, framed: Bool) {
        if framed {
            let received = bw_tcp_bytes_received(socket)
            if received >= 0 { consumed.store(UInt64(received), ordering: .relaxed) }
        } else {
            consumed.wrappingAdd(bodyBytes, ordering: .relaxed)
        }
        since.store(now(), ordering: .relaxed)
        // Whoever stops the server looks here after it said so, and this thread there after it wrote here:
        // one of them sees the other.
        phase.store(.idle, ordering: .sequentiallyConsistent)
    }

    /// Whether the client closed its end; ask only while the library cannot close ours.
    var isHungUp: Bool {
        let hangUp: Int16 = 0x2000  // POLLRDHUP, a macro behind _GNU_SOURCE
        var asked = pollfd(fd: socket, events: hangUp, revents: 0)
        return unsafe poll(&asked, 1, 0) > 0
    }

    /// The answer is sent and what remains of the request is dropped.
    func lingers() {
        since.store(now(), ordering: .relaxed)
        phase.store(.lingering, ordering: .releasing)
    }
}
