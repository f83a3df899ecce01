// SPDX-License-Identifier: Apache-2.0

/// Files and functions are short enough to be read at one go.
enum LengthRule {
    static let fileLinesMax = 400
    static let functionLinesMax = 70

    static func findings(in file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
        if count > fileLinesMax {
            findings.append(
                Finding(
                    path: file.path,
                    line: count,
                    sentence: "has \(count) lines; at most \(fileLinesMax) are allowed"
                )
            )
        }
        for function in functions(in: file) where function.length > functionLinesMax {
            findings.append(
                Finding(
                    path: file.path,
                    line: function.line,
                    sentence: "a function of \(function.length) lines; at most \(functionLinesMax)"
                )
            )
        }
        return findings
    }

    /// Where each function with a body begins and how many lines it has.
    static func functions(in file: SourceFile) -> [(line: Int, length: Int)] {
        var scanner = FunctionScanner(code: file.code)
        return scanner.run()
    }
}

/// Finds bodies of functions by their braces.
private struct FunctionScanner {
    private struct Open {
        var line: Int
        /// The depth of braces outside the body.
        var depth: Int
    }

    let code: [Substring]
    private var braces = 0
    private var brackets = 0
    /// A function whose body has not begun yet.
    private var pending: Open?
    private var open: [Open] = []
    private var found: [(line: Int, length: Int)] = []

    init(code: [Substring]) { self.code = code }

    mutating func run() -> [(line: Int, length: Int)] {
        for (index, line) in code.enumerated() {
            scan(Array(line.utf8), line: index + 1)
        }
        return found
    }

    private mutating func scan(_ bytes: [UInt8], line: Int) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if isLetter(byte) {
                let start = index
                while index < bytes.count, isLetter(bytes[index]) { index += 1 }
                let isMember = start > 0 && bytes[start - 1] == UInt8(ascii: ".")
                if brackets == 0, !isMember { meet(bytes[start..<index], line: line) }
                continue
            }
            meet(byte, line: line)
            index += 1
        }
    }

    private mutating func meet(_ word: ArraySlice<UInt8>, line: Int) {
        switch String(decoding: word, as: UTF8.self) {
        case "func", "init", "deinit", "subscript": pending = Open(line: line, depth: braces)
        case "var", "let", "case", "struct", "class", "enum", "extension", "protocol":
            pending = nil
        default: break
        }
    }

    private mutating func meet(_ byte: UInt8, line: Int) {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: "["): brackets += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"): brackets -= 1
        case UInt8(ascii: "{"):
            if let begun = pending, brackets == 0 {
                open.append(begun)
                pending = nil
            }
            braces += 1
        case UInt8(ascii: "}"):
            braces -= 1
            pending = nil
            if let last = open.last, last.depth == braces {
                open.removeLast()
                found.append((last.line, line - last.line + 1))
            }
        default: break
        }
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
    }
}
