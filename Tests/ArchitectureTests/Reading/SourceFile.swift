// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One text file of the repository, or a sample that a test makes up.
struct SourceFile {
    /// The path from the repository's root.
    let path: String
    let text: String
    let lines: [Substring]
    /// The lines with comments, strings and raw identifiers blanked out (Swift files only).
    let code: [Substring]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        self.lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        self.code =
            path.hasSuffix(".swift")
            ? SwiftCode.blanked(text).split(separator: "\n", omittingEmptySubsequences: false)
            : []
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    /// The path's folders and name.
    var components: [Substring] { path.split(separator: "/") }

    /// True if the file lies in one of these folders, or is one of these files.
    func lies(in places: [String]) -> Bool {
        places.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
}

/// What a rule found, as a sentence for whoever has to mend it.
struct Finding: Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var sentence: String

    var description: String { "\(path):\(line): \(sentence)" }
}
