// SPDX-License-Identifier: Apache-2.0

/// No error is swallowed: `try?` may stand only before a clean-up whose failure changes nothing.
enum CleanupRule {
    /// What a clean-up calls; a cancelled sleeper goes on at once, which is no failure.
    private static let cleanups: Set<Substring> = [
        "remove", "removeDirectory", "cancel", "cancelUpload", "close", "sleep", "rollback", "kill",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, file.lies(in: ["Sources"]) else { return [] }
        return file.code.enumerated().compactMap { index, line in
            guard line.has("try?"), !isCleanup(line) else { return nil }
            return Finding(
                path: file.path,
                line: index + 1,
                sentence: "`try?` swallows an error; only a clean-up may"
            )
        }
    }

    private static func isCleanup(_ line: Substring) -> Bool {
        let statement = line.drop { $0 == " " }
        guard statement.hasPrefix("try?") || statement.hasPrefix("_ = try?") else { return false }
        let call = statement.prefix { $0 != "(" }
        return call.words.last.map(cleanups.contains) ?? false
    }
}
