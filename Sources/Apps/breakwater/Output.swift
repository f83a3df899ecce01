// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a command says: results to standard output, everything else to standard error.
enum Output {
    /// Writes a line of a result.
    static func line(_ text: String) {
        write(text, to: 1)
    }

    /// Writes what went wrong and what to do.
    static func problem(_ text: String) {
        write(text.hasPrefix("breakwater: ") ? text : "breakwater: \(text)", to: 2)
    }

    /// Whether results go to a person.
    static var isTerminal: Bool { isatty(1) == 1 }

    /// Redraws one line that shows how far work is.
    static func progress(_ unit: String, _ done: UInt64, of total: UInt64) {
        let width: UInt64 = 40
        let filled = total == 0 ? width : min(width, done * width / total)
        let bar = String(repeating: "#", count: Int(filled))
        let gap = String(repeating: ".", count: Int(width - filled))
        let end = done >= total ? "\n" : ""
        write("\r[\(bar)\(gap)] \(done) of \(total) \(unit)\(end)", to: 2, ending: "")
    }

    /// Redraws one line that shows how far work of unknown length is.
    static func progress(_ unit: String, _ done: Int) {
        write("\r\(done) \(unit) ", to: 2, ending: "")
    }

    private static func write(_ text: String, to descriptor: Int32, ending: String = "\n") {
        let bytes = Array("\(text)\(ending)".utf8)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor,
                    buffer.baseAddress?.advanced(by: written),
                    buffer.count - written
                )
            }
            guard count > 0 else { return }
            written += count
        }
    }
}
