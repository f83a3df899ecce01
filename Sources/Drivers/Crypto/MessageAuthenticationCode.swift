// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// HMAC with SHA-256 (RFC 2104), for state that we hand out and want back unchanged.
public enum MessageAuthenticationCode {
    /// How many bytes a code has.
    public static let byteCount = 32

    /// The code of `message` under `key`.
    public static func sign(key: [UInt8], message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: byteCount)
        var length: UInt32 = 0
        let done = unsafe key.withUnsafeBufferPointer { key in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe code.withUnsafeMutableBufferPointer { code in
                    unsafe HMAC(
                        EVP_sha256(),
                        key.baseAddress,
                        Int32(key.count),
                        message.baseAddress,
                        message.count,
                        code.baseAddress,
                        &length
                    ) != nil
                }
            }
        }
        precondition(done && length == 32, "OpenSSL refuses HMAC-SHA256")
        return code
    }

    /// Whether `code` is the code of `message`, in a time that does not depend on where they differ.
    public static func verify(key: [UInt8], message: [UInt8], code: [UInt8]) -> Bool {
        guard code.count == byteCount else { return false }
        let expected = sign(key: key, message: message)
        return unsafe expected.withUnsafeBytes { left in
            unsafe code.withUnsafeBytes { right in
                unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, byteCount) == 0
            }
        }
    }
}
