// SPDX-License-Identifier: Apache-2.0

/// What bounds a document before libjansson builds anything of it.
///
/// The tree of a document can be fifty times as large as its text (`[0,0,0,…`), so its values are
/// counted, not only its bytes.
public struct JSONLimits: Sendable {
    /// The longest text in bytes.
    public var sizeMax = 4 << 20
    /// The deepest nesting; nothing a registry meets needs 64.
    public var depthMax = 64
    /// The most values, each of them perhaps 100 bytes in memory; 10,000 descriptors with their
    /// platforms and annotations stay below.
    public var valuesMax = 262_144

    /// Makes the default limits.
    public init() {}

    /// Checks a text that need not be JSON: it only knows strings, brackets and commas.
    func check(_ bytes: [UInt8]) throws(JSONError) {
        guard !bytes.isEmpty else {
            throw JSONError(problem: "the document is empty", line: 0, column: 0)
        }
        guard bytes.count <= sizeMax else {
            throw JSONError(problem: "longer than \(sizeMax) bytes", line: 0, column: 0)
        }
        var depth = 0
        var values = 1
        var isString = false
        var isEscaped = false
        for (offset, byte) in bytes.enumerated() {
            if isString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                values += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ","): values += 1
            default: continue
            }
            guard depth <= depthMax else {
                throw JSONLimits.error("nested deeper than \(depthMax)", bytes, offset)
            }
            guard values <= valuesMax else {
                throw JSONLimits.error("more than \(valuesMax) values", bytes, offset)
            }
        }
    }

    private static func error(_ problem: String, _ bytes: [UInt8], _ offset: Int) -> JSONError {
        let before = bytes[..<offset]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // Bytes 10xxxxxx go on with a character.
        let column = bytes[start...offset].count { $0 & 0xC0 != 0x80 }
        let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        return JSONError(problem: problem, line: line, column: column)
    }
}
