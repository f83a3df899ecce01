// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Platform

/// A client that sends exactly the bytes it is told, well-formed or not.
final class RawClient {
    struct Trouble: Error {
        var sentence: String
    }

    /// No test waits longer for bytes, in seconds; one that passes never waits for so long.
    static let patience = 300

    let socket: Int32

    init(port: UInt16) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var limit = timeval(tv_sec: RawClient.patience, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // `deinit` runs after this too, and closes the socket.
        guard connected == 0 else { throw Trouble(sentence: "connect: \(errno)") }
    }

    deinit {
        close(socket)
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        try RawClient.send(bytes, to: socket)
    }

    /// Sends while the test does something else; what cannot be sent shows in the answer.
    func sendOnThread(_ bytes: [UInt8]) -> Platform.Thread {
        let socket = socket
        return Platform.Thread { try? RawClient.send(bytes, to: socket) }
    }

    private static func send(_ bytes: [UInt8], to socket: Int32) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    socket,
                    buffer.baseAddress?.advanced(by: sent),
                    buffer.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { throw Trouble(sentence: "send: \(errno)") }
            sent += count
        }
    }

    /// Says that nothing follows.
    func endSending() {
        shutdown(socket, Int32(SHUT_WR))
    }

    /// The next bytes; empty at the end of the connection.
    func receive(atMost limit: Int = 65_536) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = recv(socket, &bytes, bytes.count, 0)
        if count < 0, errno == ECONNRESET { return [] }
        guard count >= 0 else { throw Trouble(sentence: "receive: \(errno)") }
        return Array(bytes[..<count])
    }

    /// Everything until the server closes.
    func receiveAll() throws -> String {
        var all: [UInt8] = pending
        while true {
            let bytes = try receive()
            if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += bytes
        }
    }

    private var pending: [UInt8] = []

    /// One answer with `Content-Length` or none, for a request that was not HEAD.
    func answer() throws -> ReceivedResponse {
        let separator = Array("\r\n\r\n".utf8)
        while true {
            if let end = pending.indices.first(where: { pending[$0...].starts(with: separator) }) {
                let lines = String(decoding: pending[..<end], as: UTF8.self)
                    .split(separator: "\r\n")
                var headers = Headers()
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers.append(String(parts[0]), String(parts[1].dropFirst()))
                }
                let length = Int(headers["Content-Length"] ?? "0") ?? 0
                let bodyStart = end + separator.count
                while pending.count < bodyStart + length {
                    let bytes = try receive()
                    guard !bytes.isEmpty else { throw Trouble(sentence: "cut short") }
                    pending += bytes
                }
                let body = Array(pending[bodyStart..<(bodyStart + length)])
                pending = Array(pending[(bodyStart + length)...])
                let status = lines[0].split(separator: " ")[1]
                return ReceivedResponse(status: Int(status) ?? 0, headers: headers, body: body)
            }
            let bytes = try receive()
            guard !bytes.isEmpty else { throw Trouble(sentence: "no answer") }
            pending += bytes
        }
    }

    /// Whether the server closed the connection without sending anything more.
    func isClosed() throws -> Bool {
        try pending.isEmpty && receive().isEmpty
    }
}
