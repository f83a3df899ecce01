// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI
import Platform

extension Stamp {
    /// 28 bytes whose byte order is the order of stamps: milliseconds, counter, region.
    var sortable: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(28)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: milliseconds >> UInt64(shift)))
        }
        for shift in stride(from: 24, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: counter >> UInt32(shift)))
        }
        return bytes + region.bytes
    }

    /// Reads what `sortable` wrote; nil for anything else.
    init?(sortable bytes: [UInt8]) {
        guard bytes.count == 28 else { return nil }
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        self.init(
            milliseconds: number(0..<8),
            counter: UInt32(number(8..<12)),
            region: Identifier(high: number(12..<20), low: number(20..<28))
        )
    }
}

extension Digest {
    /// The algorithm's number, then the bytes: how digests stand in rows.
    var key: [UInt8] { [algorithm.rawValue] + bytes }

    /// Reads what `key` wrote; nil for anything else.
    init?(key: [UInt8]) {
        guard let first = key.first, let algorithm = Algorithm(rawValue: first) else { return nil }
        self.init(algorithm, key.dropFirst())
    }
}

extension Value {
    static func digest(_ digest: Digest) -> Value { .blob(digest.key) }
    static func stamp(_ stamp: Stamp) -> Value { .blob(stamp.sortable) }
    static func id(_ id: Identifier) -> Value { .blob(id.bytes) }
    static func optional(_ text: String?) -> Value { text.map(Value.text) ?? .null }
    static func optional(_ digest: Digest?) -> Value { digest.map(Value.digest) ?? .null }

    /// A number of the journal's; those that SQLite cannot hold cannot be applied.
    static func number(_ number: UInt64) throws(CatalogError) -> Value {
        guard let signed = Int64(exactly: number) else {
            throw .poison("the number \(number) is greater than 2^63-1")
        }
        return .integer(signed)
    }
}
