// SPDX-License-Identifier: Apache-2.0

import Glibc

/// IP addresses with a common prefix: `10.0.0.0/8`, `::1`.
public struct AddressRange: Sendable, Equatable {
    /// The prefix, and how many of its bits count; IPv4 as IPv6 maps it (`::ffff:0:0/96`).
    private let prefix: [UInt8]
    private let bits: Int

    /// Parses an address or a range in CIDR notation; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let (bytes, mapped) = AddressRange.parse(String(parts[0])) else { return nil }
        var bits = 128
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...(mapped ? 32 : 128)).contains(length) else {
                return nil
            }
            bits = mapped ? 96 + length : length
        }
        prefix = bytes
        self.bits = bits
    }

    /// Whether an address of 16 bytes (IPv4 as IPv6 maps it) is in the range.
    func contains(_ address: [UInt8]) -> Bool {
        for index in 0..<(bits / 8) where prefix[index] != address[index] { return false }
        guard bits % 8 != 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff00 >> (bits % 8))
        return prefix[bits / 8] & mask == address[bits / 8] & mask
    }

    /// An address in text as 16 bytes, and whether it was IPv4.
    private static func parse(_ text: String) -> ([UInt8], mapped: Bool)? {
        var six = in6_addr()
        if unsafe inet_pton(AF_INET6, text, &six) == 1 {
            return (unsafe withUnsafeBytes(of: six) { unsafe Array($0) }, false)
        }
        var four = in_addr()
        guard unsafe inet_pton(AF_INET, text, &four) == 1 else { return nil }
        return (mapped(unsafe withUnsafeBytes(of: four) { unsafe Array($0) }), true)
    }

    /// IPv4 as IPv6 maps it.
    static func mapped(_ four: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + four
    }
}
