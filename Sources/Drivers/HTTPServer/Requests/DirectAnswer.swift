// SPDX-License-Identifier: Apache-2.0

import CGnuTLS
import CMicroHTTPD
import Glibc
import HTTP

/// A short answer that is written to the socket past the library, after which the connection ends.
struct DirectAnswer {
    /// What an empty socket buffer takes at once.
    private static let bodyMax = 65_536

    /// The answer as it is sent; nil when it is not short, or cannot be sent.
    let bytes: [UInt8]?

    init(_ response: Response, requestID: String) {
        let body: [UInt8]
        switch response.body {
        case .none: body = []
        case .bytes(let bytes) where bytes.count <= DirectAnswer.bodyMax: body = bytes
        default:
            bytes = nil
            return
        }
        let reason = unsafe MHD_get_reason_phrase_for(UInt32(response.status))
        var head = "HTTP/1.1 \(response.status) "
        head += unsafe reason.map { unsafe String(cString: $0) } ?? "Unknown"
        head += "\r\n"
        for field in response.headers.fields {
            guard !DirectAnswer.breaksLine(field.name), !DirectAnswer.breaksLine(field.value) else {
                bytes = nil
                return
            }
            head += "\(field.name): \(field.value)\r\n"
        }
        head += "X-Request-Id: \(requestID)\r\nConnection: close\r\n"
        head += "Content-Length: \(body.count)\r\n\r\n"
        bytes = Array(head.utf8) + body
    }

    private static func breaksLine(_ text: String) -> Bool {
        text.utf8.contains { $0 == 0x0a || $0 == 0x0d || $0 == 0 }
    }

    /// Writes all of it to a plain socket and says that nothing follows.
    static func send(_ bytes: [UInt8], socket: Int32) -> Bool {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.send(socket, buffer.baseAddress, buffer.count, flags)
        }
        guard count == bytes.count else { return false }
        shutdown(socket, Int32(SHUT_WR))
        return true
    }

    /// Writes all of it to a TLS session and says that nothing follows.
    static func send(_ bytes: [UInt8], session: UnsafeMutableRawPointer?) -> Bool {
        guard let session = unsafe session else { return false }
        let tls = gnutls_session_t(session)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe gnutls_record_send(
                    tls,
                    buffer.baseAddress?.advanced(by: sent),
                    buffer.count - sent
                )
            }
            guard count > 0 else { return false }
            sent += count
        }
        _ = unsafe gnutls_bye(tls, GNUTLS_SHUT_WR)
        return true
    }
}
