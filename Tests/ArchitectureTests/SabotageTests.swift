// SPDX-License-Identifier: Apache-2.0

import Testing

/// Known mistakes are in the simulator of `script/sabotage` and nowhere else, and each is looked for.
@Suite struct `The known mistakes` {
    private static let list = "Sources/Node/Simulation/Sabotage/Mistake.swift"
    private static let question = "Sabotage.makes(\""

    @Test func `each stand in the table of what finds them`() throws {
        let table = try #require(Repository.file("docs/testing.md")).lines
        for name in try names() {
            #expect(table.contains { $0.hasPrefix("| `\(name)` | ") }, "\(name)")
        }
    }

    @Test func `are each made by the disk or at one place of the product at least`() throws {
        let names = try Set(names())
        let asked = Set(Repository.swiftFiles.filter { $0.lies(in: ["Sources"]) }.flatMap(asked))
        let ofTheDisk = names.subtracting(asked)
        #expect(asked.isSubset(of: names), "\(asked.subtracting(names))")
        #expect(names.count >= 17)
        #expect(ofTheDisk.count <= 3, "\(ofTheDisk)")
    }

    @Test func `have names that a search of a program finds`() throws {
        // Shorter ones are no bytes of their own in it.
        for name in try names() { #expect(name.utf8.count > 15, "\(name)") }
    }

    @Test func `are asked for under their condition alone`() {
        for file in Repository.swiftFiles.filter({ $0.lies(in: ["Sources"]) }) {
            var isInside = false
            for line in file.lines {
                if line.hasSuffix("#if SABOTAGE") { isInside = true }
                if line.hasSuffix("#else") || line.hasSuffix("#endif") { isInside = false }
                if line.contains(Self.question) { #expect(isInside, "\(file.path): \(line)") }
            }
        }
    }

    private func names() throws -> [String] {
        try #require(Repository.file(Self.list)).lines.compactMap { line in
            line.hasPrefix("    case ") && !line.contains(".")
                ? String(line.dropFirst("    case ".count)) : nil
        }
    }

    private func asked(_ file: SourceFile) -> [String] {
        file.lines.compactMap { line in
            line.firstRange(of: Self.question).map { question in
                String(line[question.upperBound...].prefix { $0 != "\"" })
            }
        }
    }
}
