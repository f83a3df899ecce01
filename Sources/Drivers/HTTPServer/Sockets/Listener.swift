// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import Glibc

/// A socket that listens, closed when the last reference goes.
final class Listener: Sendable {
    /// The longest queue of connections not yet accepted; the kernel may cut it to its own limit.
    private static let backlog: Int32 = 1_024

    let descriptor: Int32
    private let address: Server.Address

    /// Listens on `address`.
    init(_ address: Server.Address) throws(ServerError) {
        self.address = address
        switch address {
        case .tcp(let host, let port): descriptor = try Listener.tcp(host, port)
        case .unix(let path): descriptor = try Listener.unix(path)
        }
    }

    deinit {
        Glibc.close(descriptor)
        if case .unix(let path) = address { unsafe unlink(path) }
    }

    /// The port, which the kernel may have chosen; 0 for a Unix socket.
    var port: UInt16 {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let told = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &size)
            }
        }
        guard told == 0 else { return 0 }
        return PeerAddress(storage).port ?? 0
    }

    private static func tcp(_ host: String, _ port: UInt16) throws(ServerError) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &found)
        guard code == 0, let found = unsafe found else {
            throw .cannotListen("\(host): \(unsafe String(cString: gai_strerror(code)))")
        }
        defer { unsafe freeaddrinfo(found) }
        // `localhost` may stand for ::1 and 127.0.0.1; clients of a registry try the latter.
        var chosen = unsafe found
        var next: UnsafeMutablePointer<addrinfo>? = unsafe found
        while let candidate = unsafe next {
            if unsafe candidate.pointee.ai_family == AF_INET {
                unsafe chosen = candidate
                break
            }
            unsafe next = candidate.pointee.ai_next
        }
        let name = "\(host):\(port)"
        let listener = try open(unsafe chosen.pointee.ai_family, name)
        var yes: Int32 = 1
        var no: Int32 = 0
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        if unsafe chosen.pointee.ai_family == AF_INET6 {
            unsafe setsockopt(listener, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, size)
        }
        let bound = unsafe bind(listener, chosen.pointee.ai_addr, chosen.pointee.ai_addrlen)
        return try listening(listener, bound, name)
    }

    private static func unix(_ path: String) throws(ServerError) -> Int32 {
        guard var name = PeerAddress.unix(path) else {
            throw .cannotListen("\(path): a socket's path has at most 107 bytes")
        }
        let listener = try open(AF_UNIX, path)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let present = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(listener, $0, size)
            }
        }
        guard present != 0 else {
            Glibc.close(listener)
            throw .cannotListen("\(path): another process listens there")
        }
        // What a killed server left behind refuses connections.
        if errno == ECONNREFUSED { unsafe unlink(path) }
        // The mode of the socket becomes the mode of its name.
        fchmod(listener, 0o600)
        let bound = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, size)
            }
        }
        return try listening(listener, bound, path)
    }

    private static func open(_ family: Int32, _ name: String) throws(ServerError) -> Int32 {
        let flags = SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let listener = socket(family, Int32(SOCK_STREAM.rawValue | flags), 0)
        guard listener >= 0 else { throw .cannotListen("\(name): \(reason())") }
        return listener
    }

    private static func listening(
        _ listener: Int32,
        _ bound: Int32,
        _ name: String
    ) throws(ServerError) -> Int32 {
        guard bound == 0, listen(listener, backlog) == 0 else {
            let reason = reason()
            Glibc.close(listener)
            throw .cannotListen("\(name): \(reason)")
        }
        return listener
    }

    private static func reason() -> String {
        unsafe String(cString: strerror(errno))
    }
}
