// SPDX-License-Identifier: Apache-2.0

/// A content digest: an algorithm and as many bytes as it says (OCI image spec, descriptor.md).
///
/// Only registered algorithms, only lower-case hexadecimal: a digest has one spelling.
public struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The registered algorithms a registry meets.
    public enum Algorithm: UInt8, Sendable, CaseIterable {
        case sha256 = 1
        case sha512 = 2

        /// The name in a digest's text.
        public var name: String {
            switch self {
            case .sha256: "sha256"
            case .sha512: "sha512"
            }
        }

        /// How many bytes its digests have.
        public var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha512: 64
            }
        }

        /// The algorithm of that name.
        public init?(name: some StringProtocol) {
            switch name {
            case "sha256": self = .sha256
            case "sha512": self = .sha512
            default: return nil
            }
        }
    }

    /// The algorithm.
    public let algorithm: Algorithm
    private let words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    /// Makes a digest of raw bytes; nil unless there are exactly as many as the algorithm has.
    public init?(_ algorithm: Algorithm, _ bytes: [UInt8]) {
        self.init(algorithm, bytes[...])
    }

    /// Makes a digest of raw bytes within others; nil unless there are exactly as many as it has.
    public init?(_ algorithm: Algorithm, _ bytes: ArraySlice<UInt8>) {
        guard bytes.count == algorithm.byteCount else { return nil }
        self.algorithm = algorithm
        words = (
            Digest.word(0, of: bytes), Digest.word(1, of: bytes),
            Digest.word(2, of: bytes), Digest.word(3, of: bytes),
            Digest.word(4, of: bytes), Digest.word(5, of: bytes),
            Digest.word(6, of: bytes), Digest.word(7, of: bytes)
        )
    }

    /// Eight bytes, the first the highest; 0 beyond the end.
    private static func word(_ index: Int, of bytes: ArraySlice<UInt8>) -> UInt64 {
        guard index * 8 < bytes.count else { return 0 }
        let start = bytes.startIndex + index * 8
        return bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Parses `sha256:` and 64, or `sha512:` and 128, lower-case hexadecimal digits.
    public init?(_ text: some StringProtocol) {
        let utf8 = Array(String(text).utf8)
        guard utf8.count > 7, utf8[6] == UInt8(ascii: ":"),
            let algorithm = Algorithm(name: String(decoding: utf8[..<6], as: UTF8.self)),
            utf8.count == 7 + 2 * algorithm.byteCount
        else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(algorithm.byteCount)
        var index = 7
        while index < utf8.count {
            guard let high = Digest.value(utf8[index]), let low = Digest.value(utf8[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
            index += 2
        }
        self.init(algorithm, bytes)
    }

    /// The raw bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(algorithm.byteCount)
        func append(_ word: UInt64) {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        append(words.0)
        append(words.1)
        append(words.2)
        append(words.3)
        guard algorithm == .sha512 else { return bytes }
        append(words.4)
        append(words.5)
        append(words.6)
        append(words.7)
        return bytes
    }

    /// The lower-case hexadecimal digits alone.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * algorithm.byteCount)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `algorithm:hex`.
    public var description: String { "\(algorithm.name):\(hex)" }

    /// Equal in algorithm and bytes.
    public static func == (left: Digest, right: Digest) -> Bool {
        left.algorithm == right.algorithm && left.words.0 == right.words.0
            && left.words.1 == right.words.1 && left.words.2 == right.words.2
            && left.words.3 == right.words.3 && left.words.4 == right.words.4
            && left.words.5 == right.words.5 && left.words.6 == right.words.6
            && left.words.7 == right.words.7
    }

    /// Hashes the first 16 bytes, which are as random as the rest.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    /// By algorithm name, then bytes: the order of the texts.
    public static func < (left: Digest, right: Digest) -> Bool {
        guard left.algorithm == right.algorithm else {
            return left.algorithm.rawValue < right.algorithm.rawValue
        }
        // Big-endian words compare as their bytes do; those of sha256 that are not used are zero.
        let (one, other) = (left.words, right.words)
        if one.0 != other.0 { return one.0 < other.0 }
        if one.1 != other.1 { return one.1 < other.1 }
        if one.2 != other.2 { return one.2 < other.2 }
        if one.3 != other.3 { return one.3 < other.3 }
        if one.4 != other.4 { return one.4 < other.4 }
        if one.5 != other.5 { return one.5 < other.5 }
        if one.6 != other.6 { return one.6 < other.6 }
        return one.7 < other.7
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
