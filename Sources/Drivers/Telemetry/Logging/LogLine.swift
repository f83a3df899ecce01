// SPDX-License-Identifier: Apache-2.0

import Platform

/// One line of a log as it is made, byte by byte: a request's line is on the fast path.
struct LogLine {
    private let format: LogFormat
    private(set) var bytes: [UInt8] = []

    init(_ format: LogFormat) {
        self.format = format
        bytes.reserveCapacity(384)
    }

    mutating func begin(_ milliseconds: UInt64, _ level: LogLevel, _ message: String) {
        switch format {
        case .text:
            bytes.appendTime(milliseconds)
            bytes.append(space)
            let name = level.name.utf8
            for byte in name { bytes.append(byte & ~0x20) }
            bytes.append(space)
            // The message is ours, but what it quotes may not be.
            add(escaped: message, Kind(message))
        case .json:
            bytes += "{\"time\":\"".utf8
            bytes.appendTime(milliseconds)
            bytes += "\",\"level\":\"".utf8
            bytes += level.name.utf8
            bytes += "\",\"message\":\"".utf8
            add(escaped: message, Kind(message))
            bytes.append(quote)
        }
    }

    mutating func add(_ name: String, _ value: LogValue) {
        switch value {
        case .text(let text): add(name, text: text)
        case .number(let number): add(name, number: number)
        case .duration(let duration): add(name, duration: duration)
        }
    }

    mutating func add(_ name: String, text: String) {
        add(name: name)
        let kind = Kind(text)
        let isQuoted = format == .json || kind != .word
        if isQuoted { bytes.append(quote) }
        add(escaped: text, kind)
        if isQuoted { bytes.append(quote) }
    }

    mutating func add(_ name: String, number: Int64) {
        add(name: name)
        bytes.appendDecimal(number)
    }

    mutating func add(_ name: String, duration: Duration) {
        add(name: name)
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000
        bytes.appendDecimal(microseconds / 1_000)
        bytes.append(UInt8(ascii: "."))
        bytes.appendDigits(UInt64(abs(microseconds % 1_000)), 3)
    }

    mutating func end() {
        if format == .json { bytes.append(UInt8(ascii: "}")) }
        bytes.append(UInt8(ascii: "\n"))
    }

    private var space: UInt8 { UInt8(ascii: " ") }
    private var quote: UInt8 { UInt8(ascii: "\"") }

    private mutating func add(name: String) {
        switch format {
        case .text:
            bytes.append(space)
            add(escaped: name, .word)
            bytes.append(UInt8(ascii: "="))
        case .json:
            bytes += ",\"".utf8
            add(escaped: name, .word)
            bytes += "\":".utf8
        }
    }

    /// What text needs; names of fields are ours, and words.
    private enum Kind {
        /// Nothing.
        case word
        /// Quotes around it, where a value is no string by its format.
        case plain
        /// Quotes and escapes.
        case special

        init(_ text: String) {
            let span = text.utf8.span
            var (isWord, isPlain) = (!span.isEmpty, true)
            // Without a way out in between, so that many bytes are looked at together.
            for index in span.indices {
                let byte = unsafe span[unchecked: index]
                let isSpecial =
                    (byte < 0x20) || (byte == 0x7f) || (byte == UInt8(ascii: "\""))
                    || (byte == UInt8(ascii: "\\"))
                isPlain = isPlain && !isSpecial
                isWord = isWord && (byte != 0x20) && (byte != UInt8(ascii: "="))
            }
            self = !isPlain ? .special : isWord ? .word : .plain
        }
    }

    /// Adds text so that it can neither end the line nor the value, in JSON's escapes (RFC 8259, 7).
    private mutating func add(escaped text: String, _ kind: Kind) {
        let utf8 = text.utf8
        guard utf8.count <= Log.valueMax else {
            add(escaped: LogLine.cut(text) + "…", kind)
            return
        }
        guard kind == .special else {
            bytes += utf8
            return
        }
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0a: bytes += "\\n".utf8
            case 0x0d: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            case 0..<0x20, 0x7f:
                bytes += "\\u00".utf8
                bytes.appendHex(byte)
            default: bytes.append(byte)
            }
        }
    }

    /// The longest beginning of whole characters that leaves room for a mark.
    private static func cut(_ text: String) -> String {
        var end = text.utf8.index(text.startIndex, offsetBy: Log.valueMax - 8)
        while end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text[..<end])
    }
}

extension [UInt8] {
    /// Adds a number in decimal.
    mutating func appendDecimal(_ number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        let magnitude = number.magnitude
        var digits = 1
        var limit: UInt64 = 10
        while digits < 19, magnitude >= limit {
            digits += 1
            limit &*= 10
        }
        appendDigits(magnitude, digits)
    }

    /// Adds the last `count` decimal digits of a number.
    mutating func appendDigits(_ number: UInt64, _ count: Int) {
        let start = self.count
        for _ in 0..<count { append(UInt8(ascii: "0")) }
        var rest = number
        for index in stride(from: start + count - 1, through: start, by: -1) {
            self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Adds two hexadecimal digits.
    mutating func appendHex(_ byte: UInt8) {
        for nibble in [byte >> 4, byte & 15] {
            append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
        }
    }

    /// Adds a moment as RFC 3339 writes it: `2026-01-31T23:59:59.123Z`.
    mutating func appendTime(_ milliseconds: UInt64) {
        let seconds = milliseconds / 1_000
        let (year, month, day) = Calendar.date(ofDay: seconds / 86_400)
        let second = seconds % 86_400
        appendDigits(year, 4)
        append(UInt8(ascii: "-"))
        appendDigits(month, 2)
        append(UInt8(ascii: "-"))
        appendDigits(day, 2)
        append(UInt8(ascii: "T"))
        appendDigits(second / 3_600, 2)
        append(UInt8(ascii: ":"))
        appendDigits(second / 60 % 60, 2)
        append(UInt8(ascii: ":"))
        appendDigits(second % 60, 2)
        append(UInt8(ascii: "."))
        appendDigits(milliseconds % 1_000, 3)
        append(UInt8(ascii: "Z"))
    }
}
