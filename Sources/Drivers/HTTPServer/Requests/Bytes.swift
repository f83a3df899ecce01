// SPDX-License-Identifier: Apache-2.0

/// Questions about bytes of a header.
enum Bytes {
    /// A byte of a token (RFC 9110, 5.6.2), by value.
    private static let tokens: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { table[Int(byte)] = true }
        for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { table[Int(byte)] = true }
        for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { table[Int(byte)] = true }
        for byte in "!#$%&'*+-.^_`|~".utf8 { table[Int(byte)] = true }
        return table
    }()

    /// Whether it is a token: at least one byte, and no white space or delimiter.
    static func isToken(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return false }
        for index in bytes.indices where unsafe !tokens[Int(bytes[index])] { return false }
        return true
    }

    /// Whether it can be a field's value: no control character but the tabulator.
    static func isFieldValue(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = unsafe bytes[index]
            if byte < 0x20 ? byte != 0x09 : byte == 0x7f { return false }
        }
        return true
    }

    /// Whether it can be a request's target: visible ASCII.
    static func isTarget(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = unsafe bytes[index]
            if byte <= 0x20 || byte >= 0x7f { return false }
        }
        return !bytes.isEmpty
    }

    /// The bytes without blanks and tabulators at the end; the library dropped those at the front.
    static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var end = bytes.count
        while end > 0, unsafe bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return unsafe UnsafeBufferPointer(rebasing: bytes[..<end])
    }

    /// Whether it is `lowercase` but for the case of its letters.
    static func same(_ bytes: UnsafeBufferPointer<UInt8>, _ lowercase: StaticString) -> Bool {
        unsafe bytes.count == lowercase.utf8CodeUnitCount && begins(bytes, lowercase)
    }

    /// Whether it begins with `lowercase` but for the case of its letters.
    static func begins(_ bytes: UnsafeBufferPointer<UInt8>, _ lowercase: StaticString) -> Bool {
        guard bytes.count >= lowercase.utf8CodeUnitCount else { return false }
        for index in 0..<lowercase.utf8CodeUnitCount {
            let byte = unsafe bytes[index]
            let folded = (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
            if unsafe folded != lowercase.utf8Start[index] { return false }
        }
        return true
    }

    /// The decimal number; nil for anything but digits, or more than 63 bits.
    static func number(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64? {
        guard !bytes.isEmpty, bytes.count <= 19 else { return nil }
        var number: UInt64 = 0
        for index in bytes.indices {
            let digit = unsafe bytes[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number * 10 + UInt64(digit)
        }
        return number <= UInt64(Int64.max) ? number : nil
    }
}
