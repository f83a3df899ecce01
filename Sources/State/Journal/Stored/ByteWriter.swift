// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform

/// Writes the primitives of the stored form: big-endian numbers, texts with their length.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) {
        var shift = Number.bitWidth - 8
        while shift >= 0 {
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
            shift -= 8
        }
    }

    mutating func raw(_ raw: [UInt8]) {
        bytes += raw
    }

    mutating func id(_ id: Identifier) {
        number(id.high)
        number(id.low)
    }

    /// A length in two bytes, then UTF-8; callers bound what they write far below 64 KiB.
    mutating func text(_ text: String) {
        let utf8 = Array(text.utf8)
        precondition(
            utf8.count <= Int(UInt16.max),
            "a text of an entry is longer than 65,535 bytes"
        )
        number(UInt16(utf8.count))
        bytes += utf8
    }

    mutating func digest(_ digest: Digest) {
        number(digest.algorithm.rawValue)
        bytes += digest.bytes
    }

    mutating func stamp(_ stamp: Stamp) {
        number(stamp.milliseconds)
        number(stamp.counter)
        id(stamp.region)
    }

    mutating func repository(_ key: RepositoryKey) {
        id(key.namespace)
        text(key.path)
    }
}
