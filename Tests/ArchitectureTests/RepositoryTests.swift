// SPDX-License-Identifier: Apache-2.0

import Testing

/// The rules of STYLE.md that a machine can check, over every file of the repository.
@Suite struct `The repository` {
    @Test func `imports only what the table of modules allows`() throws {
        let rule = try ImportRule(table: ModuleTable(package: #require(package)))
        expectNone(Repository.swiftFiles.flatMap(rule.findings))
    }

    @Test func `has no module that the tests cannot find`() throws {
        let table = try ModuleTable(package: #require(package))
        #expect(table.rows.count >= 20)
        #expect(table.testFolders.count >= 3)
        for name in ["Platform", "Registry", "RegistryAPI", "Simulation", "breakwater"] {
            #expect(table.rows[name] != nil, "\(name)")
        }
        #expect(Repository.swiftFiles.count >= 200)
    }

    @Test func `has files and functions that can be read at one go`() {
        expectNone(Repository.swiftFiles.flatMap(LengthRule.findings))
    }

    @Test(arguments: WordRule.all.indices)
    func `has none of the words that stand for what we do not do`(index: Int) {
        expectNone(Repository.files.flatMap(WordRule.all[index].findings))
    }

    @Test func `swallows no error`() {
        let findings = Repository.files.flatMap(CleanupRule.findings)
        expectNone(Tolerated.beyond(Tolerated.cleanup, findings))
    }

    @Test func `keeps unsafe code in its places, with its reasons`() {
        expectNone(Repository.files.flatMap(UnsafeRule.findings))
    }

    @Test func `says its licence and names no machine`() {
        expectNone(Repository.files.flatMap(TextRule.findings))
    }

    @Test func `fixes no port in its tests`() {
        expectNone(Repository.files.flatMap(PortRule.findings))
    }

    @Test func `proves what its documents say by tests that exist`() {
        let rule = ProofRule(files: Repository.swiftFiles, fileExists: Repository.exists)
        let documents = Repository.files.filter { $0.lies(in: ["docs"]) }
        expectNone(documents.flatMap(rule.findings))
    }

    @Test func `installs the package of every library it links`() throws {
        let packages = try #require(package).split(separator: "\"").filter {
            $0.hasPrefix("lib") && $0.hasSuffix("-dev")
        }
        let bootstrap = try #require(Repository.file("script/bootstrap")).text
        #expect(packages.count >= 7)
        for package in packages { #expect(bootstrap.has(String(package)), "\(package)") }
    }

    private var package: String? { Repository.file("Package.swift")?.text }

    private func expectNone(_ findings: [Finding]) {
        #expect(findings.isEmpty, "\n\(findings.map(\.description).joined(separator: "\n"))")
    }
}
