// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address without a zone.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Four or sixteen bytes, in network order.
    public let bytes: [UInt8]

    /// Parses `192.0.2.1` (no leading zeros) or `2001:db8::1`; an IPv4 address inside IPv6
    /// (`::ffff:192.0.2.1`) becomes the IPv4 address it is.
    public init?(_ text: some StringProtocol) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bytes = IPAddress.six(String(text)) else { return nil }
            let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
            self.bytes = bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
        } else {
            guard let bytes = IPAddress.four(String(text)) else { return nil }
            self.bytes = bytes
        }
    }

    /// 127.0.0.1.
    public static let loopback = IPAddress(four: [127, 0, 0, 1])

    private init(four bytes: [UInt8]) { self.bytes = bytes }

    /// Whether it is IPv6.
    public var isSix: Bool { bytes.count == 16 }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        isSix ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 : bytes[0] == 127
    }

    /// The text; IPv6 with its longest row of zeros as `::` (RFC 5952).
    public var description: String {
        guard isSix else { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
        }
        let text = { (part: ArraySlice<UInt16>) in
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > longest.count { longest = start..<end }
            start = max(end, start + 1)
        }
        guard longest.count > 1 else { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }

    private static func four(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count), part == "0" || !part.hasPrefix("0"),
                part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func six(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 45 else { return nil }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = groups(halves[0]) else { return nil }
        guard halves.count == 2 else { return head.count == 16 ? head : nil }
        guard let tail = groups(halves[1]), head.count + tail.count <= 14 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// Groups of four hexadecimal digits; the last may be an IPv4 address.
    private static func groups(_ text: Substring) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, let four = four(String(part)) {
                bytes += four
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexadecimal),
                let group = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
        }
        return bytes
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}

/// The addresses that share a prefix: `10.0.0.0/8`, `::1`.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// The first address.
    public let base: IPAddress
    /// How many leading bits are shared.
    public let prefixLength: Int

    /// Parses an address, or an address, `/` and a number of bits beyond which the address is zero.
    public init?(_ text: some StringProtocol) {
        let parts = String(text).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let base = IPAddress(parts[0]) else { return nil }
        let bits = base.bytes.count * 8
        self.base = base
        guard parts.count == 2 else {
            prefixLength = bits
            return
        }
        guard case .number(let length) = Digits(parts[1].utf8), length <= UInt64(bits) else {
            return nil
        }
        prefixLength = Int(length)
        for bit in prefixLength..<bits where base.bytes[bit / 8] >> (7 - bit % 8) & 1 == 1 {
            return nil
        }
    }

    /// As it is written in the configuration.
    public var description: String { "\(base)/\(prefixLength)" }

    /// Whether `address` has the prefix.
    public func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == base.bytes.count else { return false }
        let whole = prefixLength / 8
        guard address.bytes[..<whole] == base.bytes[..<whole] else { return false }
        guard prefixLength % 8 > 0 else { return true }
        return (address.bytes[whole] ^ base.bytes[whole]) >> (8 - prefixLength % 8) == 0
    }
}
