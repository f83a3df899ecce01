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

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array("\(text)\n".utf8)
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
