// SPDX-License-Identifier: Apache-2.0

/// Swift text reduced to what the compiler would read as code.
///
/// It knows comments, strings of every kind with their interpolations, and raw identifiers; not
/// regular expression literals, which nothing here uses.
enum SwiftCode {
    /// The text with everything else blanked out, each character still in its line.
    static func blanked(_ text: String) -> String {
        var lexer = Lexer(bytes: Array(text.utf8))
        lexer.run()
        return String(decoding: lexer.output, as: UTF8.self)
    }
}

private struct Lexer {
    enum Mode {
        /// Code; inside an interpolation `depth` counts its open parentheses.
        case code(depth: Int, isInterpolation: Bool)
        case string(hashes: Int, isMultiline: Bool)
    }

    let bytes: [UInt8]
    var output: [UInt8] = []
    var index = 0
    var modes: [Mode] = [.code(depth: 0, isInterpolation: false)]

    init(bytes: [UInt8]) {
        self.bytes = bytes
        output.reserveCapacity(bytes.count)
    }

    mutating func run() {
        while index < bytes.count {
            switch modes[modes.count - 1] {
            case .code(let depth, let isInterpolation):
                stepCode(depth: depth, isInterpolation: isInterpolation)
            case .string(let hashes, let isMultiline):
                stepString(hashes: hashes, isMultiline: isMultiline)
            }
        }
    }

    private mutating func stepCode(depth: Int, isInterpolation: Bool) {
        if starts(with: "//") {
            while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank() }
        } else if starts(with: "/*") {
            skipBlockComment()
        } else if bytes[index] == UInt8(ascii: "`") {
            keep()
            while index < bytes.count, bytes[index] != UInt8(ascii: "`") { blank() }
            if index < bytes.count { keep() }
        } else if let hashes = hashesBeforeQuote() {
            for _ in 0..<hashes { keep() }
            let isMultiline = starts(with: "\"\"\"")
            for _ in 0..<(isMultiline ? 3 : 1) { keep() }
            modes.append(.string(hashes: hashes, isMultiline: isMultiline))
        } else if isInterpolation, bytes[index] == UInt8(ascii: ")"), depth == 0 {
            keep()
            modes.removeLast()
        } else {
            if isInterpolation, bytes[index] == UInt8(ascii: "(") {
                modes[modes.count - 1] = .code(depth: depth + 1, isInterpolation: true)
            } else if isInterpolation, bytes[index] == UInt8(ascii: ")") {
                modes[modes.count - 1] = .code(depth: depth - 1, isInterpolation: true)
            }
            keep()
        }
    }

    private mutating func stepString(hashes: Int, isMultiline: Bool) {
        let marks = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + marks
        if starts(with: "\\" + marks) {
            for _ in 0...hashes { blank() }
            if index < bytes.count, bytes[index] == UInt8(ascii: "(") {
                keep()
                modes.append(.code(depth: 0, isInterpolation: true))
            } else if index < bytes.count {
                blank()
            }
        } else if starts(with: end) {
            for _ in 0..<end.utf8.count { keep() }
            modes.removeLast()
        } else {
            blank()
        }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                blank()
            } else if starts(with: "*/") {
                depth -= 1
                blank()
            }
            blank()
        } while depth > 0 && index < bytes.count
    }

    private func hashesBeforeQuote() -> Int? {
        var end = index
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return nil }
        return end - index
    }

    private func starts(with text: String) -> Bool {
        bytes[index...].starts(with: text.utf8)
    }

    private mutating func keep() {
        output.append(bytes[index])
        index += 1
    }

    private mutating func blank() {
        guard index < bytes.count else { return }
        output.append(bytes[index] == UInt8(ascii: "\n") ? bytes[index] : UInt8(ascii: " "))
        index += 1
    }
}
