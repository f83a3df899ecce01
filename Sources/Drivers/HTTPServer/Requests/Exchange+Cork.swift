// SPDX-License-Identifier: Apache-2.0

import CGnuTLS
import CMicroHTTPD
import CShims
import Glibc
import HTTP

extension Exchange {
    /// Holds a short answer over TLS until its head and its body are there, so that they leave as one
    /// record in one packet; the library would send two.
    ///
    /// Only where the connection stays after the answer: closing it would come before what is held.
    /// And only where the kernel has nothing to send, so that it takes all of it at once.
    func cork(_ response: Response) {
        guard connection.isTLS, isPersistent, !response.closesConnection,
            Exchange.isShort(response.body), bw_unacknowledged(connection.socket) == 0,
            let session = unsafe bw_mhd_tls_session(handle)
        else { return }
        unsafe gnutls_record_cork(gnutls_session_t(session))
        isCorked = true
    }

    /// Sends what was held.
    ///
    /// A connection on which that is not possible at once ends. The library has corked the socket too and
    /// pushed before anything was in it; without another push the kernel would wait 200 ms for more.
    func uncork() {
        guard isCorked, let session = unsafe bw_mhd_tls_session(handle) else { return }
        isCorked = false
        if unsafe gnutls_record_uncork(gnutls_session_t(session), 0) < 0 {
            shutdown(connection.socket, Int32(SHUT_RDWR))
            return
        }
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(connection.socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, size)
    }

    private static func isShort(_ body: Response.Body) -> Bool {
        switch body {
        case .none: true
        case .bytes(let bytes): bytes.count <= Answer.copyMax
        case .file, .stream: false
        }
    }
}
