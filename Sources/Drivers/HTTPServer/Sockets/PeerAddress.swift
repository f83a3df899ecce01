// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import Glibc
import HTTP

/// The address of a socket's end.
struct PeerAddress {
    /// As it stands in the log: `127.0.0.1:4711`, `[::1]:4711`, or `unix`.
    let text: String
    /// The IP address; nil for a Unix socket.
    let address: IPAddress?
    /// The port; nil for a Unix socket.
    let port: UInt16?

    /// Reads what the kernel wrote.
    init(_ storage: sockaddr_storage) {
        var storage = storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            let four = unsafe withUnsafeBytes(of: &storage) {
                unsafe $0.loadUnaligned(as: sockaddr_in.self)
            }
            var address = four.sin_addr
            unsafe self.init(AF_INET, &address, four.sin_port)
        case AF_INET6:
            let six = unsafe withUnsafeBytes(of: &storage) {
                unsafe $0.loadUnaligned(as: sockaddr_in6.self)
            }
            var address = six.sin6_addr
            unsafe self.init(AF_INET6, &address, six.sin6_port)
        default:
            self.init(text: "unix", address: nil, port: nil)
        }
    }

    private init(text: String, address: IPAddress?, port: UInt16?) {
        self.text = text
        self.address = address
        self.port = port
    }

    private init(_ family: Int32, _ address: UnsafeRawPointer, _ port: in_port_t) {
        var name = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = unsafe inet_ntop(family, address, &name, socklen_t(name.count))
        let digits = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let number = UInt16(bigEndian: port)
        self.port = number
        self.address = IPAddress(String(decoding: digits, as: UTF8.self))
        text = self.address.map { "\(Endpoint(address: $0, port: number))" } ?? "unknown"
    }

    /// The address of a Unix socket; nil when the path is empty or too long.
    static func unix(_ path: String) -> sockaddr_un? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0),
            bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return address
    }
}
