// SPDX-License-Identifier: Apache-2.0

import COpenSSL
public import OCI

/// A hash that is fed piece by piece and finished once (OpenSSL's EVP).
@safe public struct DigestContext: ~Copyable {
    /// The algorithm it computes.
    public let algorithm: Digest.Algorithm
    private let context: OpaquePointer

    /// Begins a hash.
    public init(_ algorithm: Digest.Algorithm) {
        self.algorithm = algorithm
        guard let made = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("OpenSSL has no memory for a hash context")
        }
        unsafe context = made
        let kind = unsafe algorithm == .sha256 ? EVP_sha256() : EVP_sha512()
        precondition(unsafe EVP_DigestInit_ex(made, kind, nil) == 1, "OpenSSL refuses SHA-2")
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: Span<UInt8>) {
        let done = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        precondition(done == 1, "OpenSSL refuses to hash")
    }

    /// Adds the bytes of an array.
    public mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// Ends the hash and returns it.
    public consuming func finish() -> Digest {
        var length: UInt32 = 0
        var bytes = [UInt8](repeating: 0, count: 64)
        let done = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
        }
        guard done == 1, let digest = Digest(algorithm, bytes.prefix(Int(length))) else {
            preconditionFailure("OpenSSL made a hash of \(length) bytes")
        }
        return digest
    }
}

extension Digest {
    /// The digest of `bytes`.
    public static func of(_ bytes: [UInt8], _ algorithm: Algorithm = .sha256) -> Digest {
        var context = DigestContext(algorithm)
        context.update(bytes.span)
        return context.finish()
    }
}
