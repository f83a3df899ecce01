// SPDX-License-Identifier: Apache-2.0

import OCI

/// The lines of a small file with a check behind them, by which what rot made of a file is told from what was
/// written: a digit that flips is a number too.
public enum CheckedLines {
    /// The word and the blank before the check.
    private static let label = "check "
    /// Bytes of the line that the check is, with its end.
    public static let lineBytes = label.utf8.count + 64 + 1

    /// Lines as a file's text: each ended by a line feed, and behind them one with their check.
    ///
    /// None of them may be empty.
    public static func text(_ lines: [String]) -> [UInt8] {
        Array((lines + [label + check(of: lines)]).map { "\($0)\n" }.joined().utf8)
    }

    /// The lines before the check; nil where the check is not theirs, or the file was cut short.
    public static func lines(of text: [UInt8]) -> [Substring]? {
        guard text.last == UInt8(ascii: "\n") else { return nil }
        var lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        guard let last = lines.popLast(), last == label + check(of: lines) else { return nil }
        return lines
    }

    /// What tells lines from others: the SHA-256 of them all, each ended by a line feed, in hexadecimal.
    public static func check(of lines: some Sequence<some StringProtocol>) -> String {
        Digest.of(Array(lines.map { "\($0)\n" }.joined().utf8)).hex
    }
}
