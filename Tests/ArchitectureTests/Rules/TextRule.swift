// SPDX-License-Identifier: Apache-2.0

/// Every file says its licence, and none knows the machine it was written on.
enum TextRule {
    private static let header = "SPDX-License-Identifier: Apache-2.0"
    private static let headerLinesMax = 8

    static func findings(in file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        if needsHeader(file), !file.lines.prefix(headerLinesMax).contains(where: { $0.has(header) })
        {
            findings.append(Finding(path: file.path, line: 1, sentence: "needs `\(header)`"))
        }
        for (index, line) in file.lines.enumerated() {
            for path in machinePaths where line.contains(path) {
                findings.append(
                    Finding(path: file.path, line: index + 1, sentence: "names a machine: \(path)")
                )
            }
        }
        return findings
    }

    private static func needsHeader(_ file: SourceFile) -> Bool {
        [".swift", ".c", ".h", ".modulemap"].contains { file.path.hasSuffix($0) }
            || file.lies(in: ["script", ".ci"])
    }

    /// Written in two parts, so that this file has none of them.
    private static let machinePaths = [
        "/wo" + "rk/", "/tmp/" + "wt", "/tmp/" + "brief", "/fa" + "rm/", "/ho" + "me/",
        "/ro" + "ot/",
    ]
}
