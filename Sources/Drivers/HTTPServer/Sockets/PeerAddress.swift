// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The address of a socket's end.
struct PeerAddress {
    /// As it stands in the log: `127.0.0.1:4711`, `[::1]:4711`, or `unix`.
    let text: String
    /// The IP address in 16 bytes, IPv4 as IPv6 maps it; nil for a Unix socket.
    let bytes: [UInt8]?
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
            let raw = unsafe withUnsafeBytes(of: four.sin_addr) { unsafe Array($0) }
            let number = UInt16(bigEndian: four.sin_port)
            text = raw.map { String($0) }.joined(separator: ".") + ":\(number)"
            bytes = AddressRange.mapped(raw)
            port = number
        case AF_INET6:
            let six = unsafe withUnsafeBytes(of: &storage) {
                unsafe $0.loadUnaligned(as: sockaddr_in6.self)
            }
            var address = six.sin6_addr
            var name = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            _ = unsafe inet_ntop(AF_INET6, &address, &name, socklen_t(name.count))
            let number = UInt16(bigEndian: six.sin6_port)
            let digits = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            text = "[\(String(decoding: digits, as: UTF8.self))]:\(number)"
            bytes = unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
            port = number
        default:
            text = "unix"
            bytes = nil
            port = nil
        }
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
