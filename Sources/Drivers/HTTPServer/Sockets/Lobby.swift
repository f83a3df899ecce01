// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import CShims
import Glibc
import HTTP
import Synchronization

/// Where connections wait for their first byte, or over TLS for the whole of their first record,
/// before the library knows of them.
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
    /// The bytes before what a record of TLS carries; the last two say how much that is.
    private static let recordHeader = 5
    /// The most bytes of a hello that are read away so that closing does not reset the connection.
    private static let helloMax = 65_536

    /// A connection that has said nothing yet.
    struct Guest {
        let socket: Int32
        var peer: sockaddr_storage
        let peerSize: socklen_t
        /// When it was accepted, in nanoseconds.
        let since: UInt64
        /// How many bytes it has to have sent before it is looked at.
        var needed = 1
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
            guard let guest = guests[Int(socket)] else { return nil }
            var begin = [UInt8](repeating: 0, count: Lobby.recordHeader)
            let count = unsafe recv(socket, &begin, begin.count, Lobby.look)
            guard count > 0 else {
                end(guest)
                return nil
            }
            let isTLS = begin[0] == Lobby.handshake
            if speaksTLS, isTLS, waitsForRecord(guest, begin[..<count]) { return nil }
            _ = leave(socket)
            if isTLS == speaksTLS { return guest }
            refuse(guest)
            return nil
        }
    }

    private static let look = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)

    /// Lets a guest wait until its first record is whole: a session of TLS costs much more than a guest.
    private func waitsForRecord(_ guest: Guest, _ begin: ArraySlice<UInt8>) -> Bool {
        var needed = Lobby.recordHeader
        if begin.count == needed { needed += Int(begin[3]) << 8 | Int(begin[4]) }
        // Counts without copying.
        let count = recv(guest.socket, nil, needed, Lobby.look | Int32(MSG_TRUNC))
        if count >= needed {
            if guest.needed > 1 { wake(guest.socket, at: 1) }
            return false
        }
        // Woken before that is there: nothing more comes.
        guard needed > guest.needed else {
            end(guest)
            return true
        }
        guests[Int(guest.socket)]?.needed = needed
        wake(guest.socket, at: needed)
        return true
    }

    /// Has the kernel tell of a socket when so many bytes are there, or its end.
    private func wake(_ socket: Int32, at count: Int) {
        var count = Int32(count)
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &count, size)
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
