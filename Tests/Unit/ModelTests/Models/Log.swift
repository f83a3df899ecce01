// SPDX-License-Identifier: Apache-2.0

/// Entries in order, four bits each: a change and the number of its id, never zero.
///
/// Equal logs are one number, as equal pasts have one hash.
struct Log: Hashable, CustomStringConvertible {
    static let countMax = 4

    var bits: UInt16 = 0

    var count: Int { (16 - bits.leadingZeroBitCount + 3) / 4 }

    var description: String {
        "[" + (0..<count).map { ["A", "B", "C"][Int(self[$0] >> 2)] }.joined() + "]"
    }

    subscript(place: Int) -> UInt16 { bits >> UInt16(4 * place) & 15 }

    func has(_ change: UInt16) -> Bool { (0..<count).contains { self[$0] >> 2 == change } }

    func hasPrefix(_ other: Log) -> Bool { prefix(other.count) == other }

    /// Whether one of the two is the other's beginning.
    func agrees(with other: Log) -> Bool { hasPrefix(other) || other.hasPrefix(self) }

    func prefix(_ count: Int) -> Log {
        Log(bits: count < Log.countMax ? bits & (1 << UInt16(4 * count) - 1) : bits)
    }

    func appending(_ entry: UInt16) -> Log { Log(bits: bits | entry << UInt16(4 * count)) }
}
