// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import CShims
import Glibc
import HTTP
import Synchronization

/// Where connections wait for their first byte, before the library knows of them.
///
/// Until then they cost a descriptor and a line in a table, and no session of TLS. And a client that
/// speaks TLS to a plain port can be told so: clients that look for a registry try TLS first and go on
/// with plain HTTP when an answer in HTTP comes (the library answers, closes or waits as the random
/// bytes of a hello have it). So can one that speaks plain HTTP to a port of TLS. Used by the
/// acceptor's thread alone, but for `count`.
final class Lobby {
    /// What a TLS record that carries a handshake begins with (RFC 8446, 5.1).
    private static let handshake: UInt8 = 22
    /// Sockets looked at in one go.
    private static let portion = 256
    /// The most bytes of a hello that are read away so that closing does not reset the connection.
    private static let helloMax = 65_536

    /// A connection that has said nothing yet.
    struct Guest {
        let socket: Int32
        var peer: sockaddr_storage
        let peerSize: socklen_t
        /// When it was accepted, in nanoseconds.
        let since: UInt64
    }

    /// Readable when a guest has something to say.
    let descriptor: Int32
    private let engine: Engine
    /// Guests by descriptor.
    private var guests: [Guest?] = []
    /// Descriptors in the order of their coming; who has left is skipped.
    private var arrivals: [(socket: Int32, since: UInt64)] = []
    private var firstArrival = 0

    init(_ engine: Engine) {
        self.engine = engine
        descriptor = bw_epoll()
        precondition(descriptor >= 0, "the kernel gives no descriptor: \(errno)")
    }

    deinit {
        for case .some(let guest) in guests { end(guest) }
        close(descriptor)
    }

    /// Lets a connection wait; false when the kernel does not watch it.
    func enter(_ guest: Guest) -> Bool {
        guard bw_epoll_add(descriptor, guest.socket) == 0 else { return false }
        let index = Int(guest.socket)
        if index >= guests.count {
            let missing = max(index + 1, 2 * guests.count) - guests.count
            guests.append(contentsOf: repeatElement(nil, count: missing))
        }
        guests[index] = guest
        arrivals.append((guest.socket, guest.since))
        engine.lobbyCount.wrappingAdd(1, ordering: .relaxed)
        return true
    }

    /// Guests who have something to say, out of the lobby; whoever left or spoke TLS is dealt with.
    func takeReady() -> [Guest] {
        var ready = [Int32](repeating: 0, count: Lobby.portion)
        let count = unsafe bw_epoll_ready(descriptor, &ready, Int32(ready.count))
        return ready.prefix(Int(max(0, count))).compactMap { socket in
            guard let guest = leave(socket) else { return nil }
            var byte: UInt8 = 0
            switch unsafe recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) {
            case 1 where (byte == Lobby.handshake) == speaksTLS: return guest
            case 1: refuse(guest)
            default: close(socket)
            }
            return nil
        }
    }

    /// Closes the connection that has waited longest; false when there is none.
    func makeRoom() -> Bool {
        guard let oldest = oldest() else { return false }
        end(oldest)
        return true
    }

    /// Closes who has waited too long and returns when to look again, in milliseconds; -1 for never.
    func closeLate() -> Int32 {
        let limit = engine.options.headerDeadline.nanoseconds
        let time = now()
        while let guest = oldest() {
            let end = guest.since + limit
            guard time >= end else {
                return Int32(clamping: (end - time) / 1_000_000 + 1)
            }
            self.end(guest)
        }
        return -1
    }

    private func end(_ guest: Guest) {
        _ = leave(guest.socket)
        close(guest.socket)
    }

    private func leave(_ socket: Int32) -> Guest? {
        let index = Int(socket)
        guard index < guests.count, let guest = guests[index] else { return nil }
        guests[index] = nil
        _ = bw_epoll_remove(descriptor, socket)
        engine.lobbyCount.wrappingSubtract(1, ordering: .relaxed)
        return guest
    }

    private var speaksTLS: Bool { engine.certificates != nil }

    private func oldest() -> Guest? {
        while firstArrival < arrivals.count {
            let (socket, since) = arrivals[firstArrival]
            if let guest = guests[Int(socket)], guest.since == since { return guest }
            firstArrival += 1
            if firstArrival > 1_024, 2 * firstArrival > arrivals.count {
                arrivals.removeFirst(firstArrival)
                firstArrival = 0
            }
        }
        arrivals.removeAll(keepingCapacity: arrivals.count <= 4_096)
        firstArrival = 0
        return nil
    }

    /// Says in plain HTTP what is spoken here.
    private func refuse(_ guest: Guest) {
        defer { close(guest.socket) }
        var hello = [UInt8](repeating: 0, count: Lobby.helloMax)
        let received = unsafe recv(guest.socket, &hello, hello.count, Int32(MSG_DONTWAIT))
        var response = engine.refusal(
            400,
            speaksTLS
                ? "The client spoke plain HTTP to a port that speaks TLS."
                : "The client spoke TLS to a port that speaks plain HTTP."
        )
        response.closesConnection = true
        let identity = engine.identities.next()
        let answer = DirectAnswer(response, requestID: identity)
        if let bytes = answer.bytes { _ = DirectAnswer.send(bytes, socket: guest.socket) }
        engine.handler.finished(
            RequestHead(
                method: "",
                path: "",
                requestID: identity,
                peer: PeerAddress(guest.peer).text
            ),
            status: 400,
            bytesReceived: UInt64(max(0, received)),
            bytesSent: 0,
            duration: .nanoseconds(Int64(clamping: now() - guest.since)),
            logFields: [("cause", speaksTLS ? "no TLS on a TLS port" : "TLS on a plain port")]
        )
    }
}
