// SPDX-License-Identifier: Apache-2.0

/// What the compiler cannot check is kept in a few places and says why it is right.
enum UnsafeRule {
    private static let places = [
        "Sources/Base/Platform", "Sources/Base/JSON", "Sources/Drivers", "Sources/Node/Simulation",
    ]
    /// What we promise the compiler; a call marked `unsafe` is seen by it, and needs no more.
    private static let promises = ["@unchecked Sendable", "nonisolated(unsafe)"]
    /// How many lines above a promise its reason may begin.
    private static let reasonLinesMax = 12
    private static let mark = "Safe because"

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, file.lies(in: ["Sources"]) else { return [] }
        var findings: [Finding] = []
        func find(_ line: Int, _ sentence: String) {
            findings.append(Finding(path: file.path, line: line, sentence: sentence))
        }
        for (index, line) in file.code.enumerated() {
            let promise = promises.first { line.contains($0) }
            guard promise != nil || line.has("unsafe") else { continue }
            if !file.lies(in: places) {
                find(index + 1, "unsafe code belongs in Platform, JSON, Drivers and Simulation")
            } else if let promise, !hasReason(before: index, in: file) {
                find(index + 1, "`\(promise)` needs a `// \(mark) …` line above it")
            }
        }
        return findings
    }

    private static func hasReason(before index: Int, in file: SourceFile) -> Bool {
        file.lines[max(0, index - reasonLinesMax)...index].contains { $0.contains(mark) }
    }
}
