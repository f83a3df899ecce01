// SPDX-License-Identifier: Apache-2.0

/// The table of modules, read from the text of Package.swift.
struct ModuleTable {
    struct Row {
        var name: String
        var layer: String
        /// What its sources may import of ours, C modules included.
        var imports: Set<String>
        /// What its unit tests may import besides, or nil if it has none.
        var tests: Set<String>?
    }

    var rows: [String: Row] = [:]
    /// Targets under Tests that are written out: by folder, what they may import.
    var testFolders: [String: Set<String>] = [:]

    init(package text: String) {
        for block in Self.blocks(after: "Module", in: text) {
            guard let name = Self.strings(of: "name", in: block).first,
                let layer = block.split(separator: "layer: .").dropFirst().first
            else { continue }
            let imports = Self.strings(of: "c", in: block) + Self.strings(of: "uses", in: block)
            rows[name] = Row(
                name: name,
                layer: String(layer.prefix { $0.isLetter }),
                imports: Set(imports),
                tests: block.contains("tests:") ? Set(Self.strings(of: "tests", in: block)) : nil
            )
        }
        for opener in [".target", ".testTarget", ".executableTarget"] {
            for block in Self.blocks(after: opener, in: text) {
                guard let path = Self.strings(of: "path", in: block).first,
                    path.hasPrefix("Tests/")
                else { continue }
                let arguments = Self.blocks(after: "dependencies", in: block).first ?? block
                testFolders[path] = Set(Self.literals(in: arguments[...]))
                    .union(Self.strings(of: "dependencies", in: block))
            }
        }
    }

    /// The texts between the parentheses of each `opener(…)` that stands as a word of its own.
    private static func blocks(after opener: String, in text: String) -> [String] {
        var blocks: [String] = []
        var rest = text[...]
        while let start = rest.firstRange(of: opener + "(") {
            let isWord =
                start.lowerBound == text.startIndex
                || !text[text.index(before: start.lowerBound)].isLetter
            rest = rest[start.upperBound...]
            guard isWord else { continue }
            var depth = 1
            let end = rest.firstIndex { character in
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                return depth == 0
            }
            blocks.append(String(rest[..<(end ?? rest.endIndex)]))
        }
        return blocks
    }

    /// The string or strings that follow `key:` directly.
    private static func strings(of key: String, in block: String) -> [String] {
        guard let start = block.firstRange(of: key + ": ") else { return [] }
        if start.lowerBound != block.startIndex,
            block[block.index(before: start.lowerBound)].isLetter
        {
            return []
        }
        let value = block[start.upperBound...]
        if value.hasPrefix("[") {
            return literals(in: value[..<(value.firstIndex(of: "]") ?? value.endIndex)])
        }
        return value.hasPrefix("\"") ? Array(literals(in: value).prefix(1)) : []
    }

    private static func literals(in text: Substring) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 && !$0.element.contains("\\") }
            .map { String($0.element) }
    }
}
