// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One kept-alive HTTP/1.1 connection, as cheap as it can be: client and server share the processors.
final class Connection {
    private static let receiveSeconds = 600
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    private var filled = 0

    /// What an answer said, as far as pushes need it.
    struct Answer {
        var status: Int
        var location: String?
    }

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var limit = timeval(tv_sec: Connection.receiveSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var yes: Int32 = 1
        let one = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, one)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure("connect to port \(port): errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Sends a request and reads its answer, whose body is dropped.
    func send(
        _ method: String,
        _ target: String,
        type: String = "application/octet-stream",
        body: [UInt8] = []
    ) throws -> Answer {
        let head =
            "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \(type)\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        // Small requests in one segment.
        if body.count <= 16_384 {
            try write(Array(head.utf8) + body)
        } else {
            try write(Array(head.utf8))
            try write(body)
        }
        return try answer()
    }

    /// The same, for what must be answered with a status.
    @discardableResult
    func must(
        _ status: Int,
        _ method: String,
        _ target: String,
        type: String = "application/octet-stream",
        body: [UInt8] = []
    ) throws -> Answer {
        let answer = try send(method, target, type: type, body: body)
        guard answer.status == status else {
            throw Failure("\(method) \(target.prefix(200)): \(answer.status)")
        }
        return answer
    }

    /// Sends a body in parts, none of which is copied.
    func send(_ method: String, _ target: String, parts: [ArraySlice<UInt8>]) throws -> Answer {
        let count = parts.reduce(0) { $0 + $1.count }
        let head =
            "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            + "Content-Type: application/octet-stream\r\nContent-Length: \(count)\r\n\r\n"
        try write(Array(head.utf8))
        for part in parts { try write(part) }
        return try answer()
    }

    private func write(_ bytes: [UInt8]) throws { try write(bytes[...]) }

    private func write(_ bytes: ArraySlice<UInt8>) throws {
        try bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.send(
                    descriptor,
                    bytes.baseAddress?.advanced(by: sent),
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
                guard count > 0 else { throw Failure("send: errno \(errno)") }
                sent += count
            }
        }
    }

    private func answer() throws -> Answer {
        let separator: [UInt8] = [13, 10, 13, 10]
        var searched = 0
        while true {
            if let end = headEnd(separator, from: searched) {
                let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
                var answer = Answer(status: Int(lines[0].split(separator: " ")[1]) ?? 0)
                var length = 0
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    let value = String(parts[1].drop { $0 == " " })
                    switch parts[0].lowercased() {
                    case "content-length": length = Int(value) ?? 0
                    case "location": answer.location = Connection.target(value)
                    default: break
                    }
                }
                try drop(end + 4 + length)
                return answer
            }
            searched = max(0, filled - 3)
            try fill()
        }
    }

    private func headEnd(_ separator: [UInt8], from start: Int) -> Int? {
        guard filled >= 4 else { return nil }
        return (start...(filled - 4)).first { buffer[$0...].starts(with: separator) }
    }

    private func fill() throws {
        if filled == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
        let count = buffer.withUnsafeMutableBytes {
            recv(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled, 0)
        }
        guard count > 0 else { throw Failure("receive: \(count), errno \(errno)") }
        filled += count
    }

    /// Forgets so many bytes, received or still to come; a large body is never held as a whole.
    private func drop(_ count: Int) throws {
        var left = count
        while left > filled {
            left -= filled
            filled = 0
            try fill()
        }
        if filled > left {
            buffer.replaceSubrange(0..<(filled - left), with: buffer[left..<filled])
        }
        filled -= left
    }

    /// Path and query of a `Location`, absolute or not.
    private static func target(_ location: String) -> String {
        guard location.hasPrefix("http://") else { return location }
        return String(location.dropFirst(7).drop { $0 != "/" })
    }
}
