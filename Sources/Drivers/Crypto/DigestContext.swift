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
        let method = algorithm == .sha256 ? DigestMethod.sha256 : DigestMethod.sha512
        precondition(
            unsafe EVP_DigestInit_ex2(made, method.pointer, nil) == 1,
            "OpenSSL refuses SHA-2"
        )
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

// Safe because a fetched method is never changed, and never freed: there is one for each algorithm.
/// A hash function as OpenSSL's providers have it, looked up once: looking it up costs more than
/// hashing a small manifest.
@safe private struct DigestMethod: @unchecked Sendable {
    static let sha256 = DigestMethod("SHA256")
    static let sha512 = DigestMethod("SHA512")
    let pointer: OpaquePointer

    private init(_ name: String) {
        guard let method = unsafe EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("OpenSSL has no \(name)")
        }
        unsafe pointer = method
    }
}

extension Digest {
    /// The digest of `bytes`.
    public static func of(_ bytes: [UInt8], _ algorithm: Algorithm = .sha256) -> Digest {
        of(bytes.span, algorithm)
    }

    /// The digest of `bytes`.
    public static func of(_ bytes: Span<UInt8>, _ algorithm: Algorithm = .sha256) -> Digest {
        var context = DigestContext(algorithm)
        context.update(bytes)
        return context.finish()
    }
}
