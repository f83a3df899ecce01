// SPDX-License-Identifier: Apache-2.0

import CGnuTLS
import CMicroHTTPD
import Synchronization

/// The certificate that new TLS connections are shown; it can be exchanged at any time.
final class Certificates: Sendable {
    /// TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers; AES-GCM first, which
    /// processors do in hardware.
    static let priorities =
        "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD"
        + ":+ECDHE-ECDSA:+ECDHE-RSA:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1"
        + ":+SIGN-ALL:+COMP-NULL:+CTYPE-X509:%SERVER_PRECEDENCE"

    /// How long a certificate that was replaced is kept for handshakes under way, in nanoseconds.
    private static let retirement: UInt64 = 300_000_000_000

    private let state: Mutex<State>

    private struct State {
        var current: LoadedCertificate
        var retired: [(since: UInt64, certificate: LoadedCertificate)] = []
    }

    /// Loads the first certificate.
    init(_ certificate: Server.Certificate) throws(ServerError) {
        state = Mutex(State(current: try LoadedCertificate(certificate)))
    }

    /// Shows another certificate from now on; the old one stays when the new one cannot be used.
    func replace(by certificate: Server.Certificate) throws(ServerError) {
        let loaded = try LoadedCertificate(certificate)
        let time = now()
        state.withLock { state in
            state.retired.removeAll { time - $0.since > Certificates.retirement }
            state.retired.append((time, state.current))
            state.current = loaded
        }
    }

    /// The certificate for a handshake that begins now.
    var current: LoadedCertificate { state.withLock { $0.current } }

    /// The library takes a function of GnuTLS as an untyped pointer.
    static var callback: UnsafeMutableRawPointer {
        let function:
            @convention(c) (
                gnutls_session_t?, UnsafePointer<gnutls_cert_retr_st>?,
                UnsafeMutablePointer<UnsafeMutablePointer<gnutls_pcert_st>?>?,
                UnsafeMutablePointer<UInt32>?,
                UnsafeMutablePointer<UnsafeMutablePointer<gnutls_ocsp_data_st>?>?,
                UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<gnutls_privkey_t?>?,
                UnsafeMutablePointer<UInt32>?
            ) -> Int32 = unsafe chooseCertificate
        return unsafe unsafeBitCast(function, to: UnsafeMutableRawPointer.self)
    }
}

private func chooseCertificate(
    _ session: gnutls_session_t?,
    _ info: UnsafePointer<gnutls_cert_retr_st>?,
    _ chain: UnsafeMutablePointer<UnsafeMutablePointer<gnutls_pcert_st>?>?,
    _ chainCount: UnsafeMutablePointer<UInt32>?,
    _ ocsp: UnsafeMutablePointer<UnsafeMutablePointer<gnutls_ocsp_data_st>?>?,
    _ ocspCount: UnsafeMutablePointer<UInt32>?,
    _ key: UnsafeMutablePointer<gnutls_privkey_t?>?,
    _ flags: UnsafeMutablePointer<UInt32>?
) -> Int32 {
    // The library lets a session point to its connection, which points to ours.
    guard let session = unsafe session, let handle = unsafe gnutls_session_get_ptr(session),
        let known = unsafe bw_mhd_link(OpaquePointer(handle)),
        let certificates = unsafe Unmanaged<Connection>.fromOpaque(known).takeUnretainedValue()
            .certificates
    else { return GNUTLS_E_INTERNAL_ERROR }
    let certificate = certificates.current
    unsafe chain?.pointee = certificate.chain
    unsafe chainCount?.pointee = certificate.chainCount
    unsafe ocsp?.pointee = nil
    unsafe ocspCount?.pointee = 0
    unsafe key?.pointee = certificate.key
    unsafe flags?.pointee = 0
    return 0
}
