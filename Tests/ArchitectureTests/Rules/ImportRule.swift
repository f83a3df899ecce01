// SPDX-License-Identifier: Apache-2.0

/// Every import agrees with the table of modules.
///
/// The compiler does not see to it: a module that comes with another one can be imported undeclared.
struct ImportRule {
    let table: ModuleTable

    /// Modules of the toolchain that any of our code may use.
    private static let everywhere: Set<String> = ["Synchronization"]
    /// Where system calls are made; everybody else asks `Platform`.
    private static let system = [
        "Package.swift", "Sources/Base/Platform", "Sources/Base/JSON", "Sources/Drivers",
        "Sources/Node/Simulation", "Sources/Apps", "Tests",
    ]
    /// Where JSON of our own is read and written (style: 5.7).
    private static let foundationEssentials = ["Sources/Edge/ControlAPI", "Sources/Base/OCI"]

    func findings(in file: SourceFile) -> [Finding] {
        guard file.lies(in: ["Sources", "Tests"]) else { return [] }
        guard let allowed = allowed(in: file) else {
            return [Finding(path: file.path, line: 1, sentence: "is in no module of Package.swift")]
        }
        return Self.imports(of: file).compactMap { line, module in
            isAllowed(module, in: file, allowed)
                ? nil
                : Finding(
                    path: file.path,
                    line: line,
                    sentence: "may not import \(module): Package.swift does not say so"
                )
        }
    }

    static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
        let kinds: Set<Substring> = [
            "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
        ]
        return file.code.enumerated().compactMap { index, line in
            let words = line.words
            guard let position = words.firstIndex(of: "import"),
                words[..<position].allSatisfy({ modifiers.contains($0) })
            else { return nil }
            let module = words[(position + 1)...].first { !kinds.contains($0) }
            return module.map { (index + 1, String($0)) }
        }
    }

    private static let modifiers: Set<Substring> = [
        "public", "internal", "private", "fileprivate", "package", "testable", "preconcurrency",
    ]

    /// The modules of ours for this file, or nil if its folder belongs to none.
    private func allowed(in file: SourceFile) -> Set<String>? {
        let parts = file.components.map(String.init)
        if parts[0] == "Sources", parts.count > 3 {
            guard let row = table.rows[parts[2]], row.layer == parts[1].lowercased() else {
                return nil
            }
            return row.imports
        }
        if parts[0] == "Tests", parts.count > 2 {
            let name = parts[1] == "Unit" ? parts[2].dropLast("Tests".count) : ""
            if let row = table.rows[String(name)], let tests = row.tests {
                return row.imports.union(tests).union([row.name])
            }
            let folder = table.testFolders.keys.first { file.lies(in: [$0]) }
            return folder.flatMap { table.testFolders[$0] }
        }
        return nil
    }

    private func isAllowed(_ module: String, in file: SourceFile, _ allowed: Set<String>) -> Bool {
        switch module {
        case "Testing": file.lies(in: ["Tests"])
        case "Glibc": file.lies(in: Self.system)
        case "FoundationEssentials": file.lies(in: Self.foundationEssentials)
        default:
            // A program's module has its name with underscores.
            allowed.contains(module) || Self.everywhere.contains(module)
                || allowed.contains(module.replacing("_", with: "-"))
        }
    }
}
