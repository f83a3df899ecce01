// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a program is given to speak to: standard output and standard error.
public enum StandardStream: Int32, Sendable {
    /// For results.
    case output = 1
    /// For everything else.
    case error = 2

    /// Whether a person reads it.
    public var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Writes all of a text.
    public func write(_ text: String) throws(FileError) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    rawValue,
                    buffer.baseAddress?.advanced(by: written),
                    buffer.count - written
                )
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError(errno: errno, operation: "write to \(self)") }
            written += count
        }
    }

    /// Reads standard input to its end, at most `limit` bytes of it.
    public static func read(limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            var chunk = [UInt8](repeating: 0, count: min(65_536, limit - bytes.count))
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(errno: errno, operation: "read input") }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}
