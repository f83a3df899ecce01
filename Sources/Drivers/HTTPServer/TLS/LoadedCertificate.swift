// SPDX-License-Identifier: Apache-2.0

import CGnuTLS

/// A certificate chain and its key in GnuTLS's form.
// Safe because GnuTLS only reads what is loaded, and it is freed when nobody refers to it.
@safe final class LoadedCertificate: @unchecked Sendable {
    /// The longest chain that is taken.
    private static let chainMax = 16

    let chain: UnsafeMutablePointer<gnutls_pcert_st>
    private(set) var chainCount: UInt32 = 0
    private(set) var key: gnutls_privkey_t?

    /// Loads PEM texts; the key must belong to the first certificate.
    init(_ certificate: Server.Certificate) throws(ServerError) {
        unsafe chain = .allocate(capacity: LoadedCertificate.chainMax)
        unsafe chain.initialize(repeating: gnutls_pcert_st(), count: LoadedCertificate.chainMax)
        var count = UInt32(LoadedCertificate.chainMax)
        try LoadedCertificate.check("the certificate cannot be read") {
            unsafe LoadedCertificate.withDatum(certificate.chain) { chainText in
                unsafe gnutls_pcert_list_import_x509_raw(
                    chain,
                    &count,
                    &chainText,
                    GNUTLS_X509_FMT_PEM,
                    UInt32(GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED.rawValue)
                )
            }
        }
        chainCount = count
        guard count > 0 else { throw .certificate("there is no certificate in the file") }
        try LoadedCertificate.check("the key cannot be read") {
            let made = unsafe gnutls_privkey_init(&key)
            guard made == 0 else { return made }
            return unsafe LoadedCertificate.withDatum(certificate.key) { keyText in
                unsafe gnutls_privkey_import_x509_raw(key, &keyText, GNUTLS_X509_FMT_PEM, nil, 0)
            }
        }
        guard try publicKeyID() == certificateKeyID() else {
            throw .certificate("the key does not belong to the certificate")
        }
    }

    deinit {
        for index in 0..<Int(chainCount) { unsafe gnutls_pcert_deinit(chain + index) }
        unsafe chain.deallocate()
        if let key = unsafe key { unsafe gnutls_privkey_deinit(key) }
    }

    private func publicKeyID() throws(ServerError) -> [UInt8] {
        var own: gnutls_pubkey_t?
        defer { if let own = unsafe own { unsafe gnutls_pubkey_deinit(own) } }
        try LoadedCertificate.check("the key cannot be used") {
            let made = unsafe gnutls_pubkey_init(&own)
            return made == 0 ? unsafe gnutls_pubkey_import_privkey(own, key, 0, 0) : made
        }
        return try unsafe LoadedCertificate.identity(of: own)
    }

    private func certificateKeyID() throws(ServerError) -> [UInt8] {
        try unsafe LoadedCertificate.identity(of: chain.pointee.pubkey)
    }

    private static func identity(of key: gnutls_pubkey_t?) throws(ServerError) -> [UInt8] {
        var identity = [UInt8](repeating: 0, count: 64)
        var size = identity.count
        try check("the key cannot be named") {
            unsafe gnutls_pubkey_get_key_id(key, 0, &identity, &size)
        }
        return Array(identity[..<size])
    }

    private static func check(
        _ sentence: String,
        _ call: () -> Int32
    ) throws(ServerError) {
        let code = call()
        guard code < 0 else { return }
        throw .certificate("\(sentence): \(unsafe String(cString: gnutls_strerror(code)))")
    }

    private static func withDatum(
        _ bytes: [UInt8],
        _ body: (inout gnutls_datum_t) -> Int32
    ) -> Int32 {
        var bytes = bytes
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            var datum = unsafe gnutls_datum_t(data: buffer.baseAddress, size: UInt32(buffer.count))
            return unsafe body(&datum)
        }
    }
}
