// SPDX-License-Identifier: Apache-2.0

/// What a document calls a proof exists.
///
/// In a table with a column named *proof*, every text in backticks of that column is the name of a
/// test or suite, or begins with the path of a file of this repository.
struct ProofRule {
    static let column = "proof"
    static let notYet = "not yet"

    /// Names of tests and suites.
    let tests: Set<String>
    let fileExists: (String) -> Bool

    init(files: [SourceFile], fileExists: @escaping (String) -> Bool) {
        self.tests = Set(files.filter { $0.lies(in: ["Tests"]) }.flatMap(Self.testNames))
        self.fileExists = fileExists
    }

    func findings(in file: SourceFile) -> [Finding] {
        Self.proofs(in: file).flatMap { line, cell -> [Finding] in
            let names = Self.backticked(cell)
            if names.isEmpty, !cell.contains(Self.notYet) {
                let sentence = "a row needs a proof, or `\(Self.notYet)` without backticks"
                return [Finding(path: file.path, line: line, sentence: sentence)]
            }
            return names.filter { !exists($0) }.map {
                Finding(path: file.path, line: line, sentence: "there is no test or file `\($0)`")
            }
        }
    }

    /// Sentences that name functions and suites: `func`, `struct` and raw identifiers.
    static func testNames(_ file: SourceFile) -> [String] {
        file.lines.compactMap { line in
            for opener in ["func `", "struct `", "enum `"] {
                if let start = line.firstRange(of: opener) {
                    return String(line[start.upperBound...].prefix { $0 != "`" })
                }
            }
            return nil
        }
    }

    /// The cells of proof columns, with their lines.
    static func proofs(in file: SourceFile) -> [(line: Int, cell: String)] {
        var column: Int?
        var wasTable = false
        var cells: [(Int, String)] = []
        for (index, line) in file.lines.enumerated() {
            guard line.hasPrefix("|") else {
                wasTable = false
                column = nil
                continue
            }
            let row = line.split(separator: "|", omittingEmptySubsequences: false).map {
                String($0.trimmed)
            }
            if !wasTable {
                column = row.firstIndex { $0.lowercased() == Self.column }
                wasTable = true
            } else if let column, !line.hasPrefix("|-"), !line.hasPrefix("| -"), column < row.count
            {
                cells.append((index + 1, row[column]))
            }
        }
        return cells
    }

    static func backticked(_ cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }

    private func exists(_ name: String) -> Bool {
        tests.contains(name)
            || name.split(separator: " ").first.map { fileExists(String($0)) } ?? false
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = drop { $0 == " " }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
