// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Testing

@Suite struct `Digests` {
    // FIPS 180-4, examples; the empty ones are NIST's too.
    @Test(arguments: [
        ("", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "",
            "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
        (
            "abc",
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func `are those of the standard`(text: String, expected: String) throws {
        let expected = try #require(Digest(expected))
        #expect(Digest.of(Array(text.utf8), expected.algorithm) == expected)
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func `do not depend on how the bytes came`(algorithm: Digest.Algorithm) {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let whole = Digest.of(bytes, algorithm)
        for size in [1, 63, 64, 65, 4096, 99_999] {
            var context = DigestContext(algorithm)
            context.update([])
            for start in stride(from: 0, to: bytes.count, by: size) {
                context.update(Array(bytes[start..<min(bytes.count, start + size)]))
            }
            #expect(context.finish() == whole)
        }
    }

    @Test func `are made on many threads at once`() async {
        let expected = Digest.of([1, 2, 3])
        let right = await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { (0..<500).allSatisfy { _ in Digest.of([1, 2, 3]) == expected } }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(right)
    }
}

@Suite struct `Message authentication` {
    // RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), "Hi There",
            "sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "sha256:60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `is that of the standard`(key: [UInt8], message: String, code: String) throws {
        let code = try #require(Digest(code)).bytes
        let message = Array(message.utf8)
        #expect(MessageAuthenticationCode.sign(key: key, message: message) == code)
        #expect(MessageAuthenticationCode.verify(key: key, message: message, code: code))
    }

    @Test func `refuses any flipped bit and any other length`() {
        let key: [UInt8] = Array(0..<32)
        let message: [UInt8] = Array("upload".utf8)
        let code = MessageAuthenticationCode.sign(key: key, message: message)
        for bit in 0..<(8 * code.count) {
            var forged = code
            forged[bit / 8] ^= 1 << (bit % 8)
            #expect(!MessageAuthenticationCode.verify(key: key, message: message, code: forged))
        }
        for length in [0, 31, 33] {
            let other = Array((code + [0]).prefix(length))
            #expect(!MessageAuthenticationCode.verify(key: key, message: message, code: other))
        }
        #expect(!MessageAuthenticationCode.verify(key: [], message: message, code: code))
        #expect(!MessageAuthenticationCode.verify(key: key, message: [], code: code))
    }
}
