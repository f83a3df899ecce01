// SPDX-License-Identifier: Apache-2.0

/// At most three bytes of a staging or blob: for each the offset it was sent for, and whether it is damaged.
struct Bytes: Hashable, CustomStringConvertible {
    private var bits: UInt16 = 0

    var count: Int { (16 - bits.leadingZeroBitCount + 3) / 4 }

    /// As each was sent for, with an exclamation mark behind what is damaged.
    var description: String {
        "["
            + (0..<count).map { "\(self[$0] & 3)\(isDamaged($0) ? "!" : "")" }
            .joined(separator: " ") + "]"
    }

    /// Whether each byte lies where it was sent for.
    var isInPlace: Bool { (0..<count).allSatisfy { self[$0] & 3 == $0 } }

    func isDamaged(_ place: Int) -> Bool { self[place] & 4 != 0 }

    func appending(_ offset: Int, isDamaged: Bool) -> Bytes {
        let byte = UInt16(8 | offset | (isDamaged ? 4 : 0))
        return Bytes(bits: bits | byte << UInt16(4 * count))
    }

    func prefix(_ count: Int) -> Bytes { Bytes(bits: bits & (1 << UInt16(4 * count) - 1)) }

    /// Whether one of the two is the other's beginning.
    func agrees(with other: Bytes) -> Bool {
        let shared = min(count, other.count)
        return prefix(shared) == other.prefix(shared)
    }

    private subscript(place: Int) -> Int { Int(bits >> UInt16(4 * place) & 15) }

    init() {}

    private init(bits: UInt16) { self.bits = bits }
}
