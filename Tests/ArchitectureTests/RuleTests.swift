// SPDX-License-Identifier: Apache-2.0

import Testing

/// Every rule finds what it is for in a bad sample, and nothing in a good one.
@Suite struct `The rules` {
    @Test func `blank out what is not code, and keep every line`() {
        let text = ##"""
            let a = "TODO \(call("x")) {" // Task {
            /* print( /* nested */ */ func `a sentence with func`() {}
            let b = #"raw \(not) "quote" \#(yes)"#
            """##
        let file = sample("Sources/Base/HTTP/X.swift", text)
        #expect(file.code.count == file.lines.count)
        #expect(file.code[0].contains("call("))
        #expect(!file.code.joined().contains("TODO"))
        #expect(!file.code.joined().contains("Task"))
        #expect(!file.code.joined().contains("print"))
        #expect(!file.code.joined().contains("sentence"))
        #expect(!file.code[2].contains("not"))
        #expect(file.code[2].contains("yes"))
    }

    @Test func `find a word only where it stands alone`() {
        #expect("call(TODO)".has("TODO"))
        #expect(!"TODOS".has("TODO"))
        #expect("a Task { b }".has("Task {"))
        #expect(!"addTask {".has("Task {"))
        #expect(!"".has("x"))
    }

    @Test func `find a function that is too long, and not its protocol`() {
        let body = String(repeating: "    call()\n", count: LengthRule.functionLinesMax - 1)
        let long = sample("Sources/X.swift", "func a() {\n\(body)}\n")
        #expect(LengthRule.findings(in: long).count == 1)
        let short = sample("Sources/X.swift", "func a() {\n\(body.dropFirst(11))}\n")
        #expect(LengthRule.findings(in: short).isEmpty)
        let requirement = sample("Sources/X.swift", "protocol P { func a()\nvar b: Int { get } }")
        #expect(LengthRule.functions(in: requirement).isEmpty)
        let nested = sample("Sources/X.swift", "init() {\n if a { b() }\n func c() {\n }\n}\n")
        #expect(LengthRule.functions(in: nested).map(\.length).sorted() == [2, 5])
    }

    @Test func `find a file that is too long`() {
        let most = String(repeating: "// x\n", count: LengthRule.fileLinesMax)
        #expect(LengthRule.findings(in: sample("Sources/X.swift", most)).isEmpty)
        #expect(LengthRule.findings(in: sample("Sources/X.swift", most + "// x\n")).count == 1)
    }

    @Test func `find an import against the arrows`() {
        let table = ModuleTable(
            package: """
                let modules: [Module] = [
                    Module(name: "Low", layer: .base, c: ["CLow"], tests: []),
                    Module(
                        name: "High",
                        layer: .state,
                        uses: ["Low"],
                        port: "Port",
                        tests: ["Extra"]
                    ),
                ]
                targets.append(
                    .testTarget(name: "S", dependencies: dependencies(["Low"]), path: "Tests/S")
                )
                """
        )
        let rule = ImportRule(table: table)
        func modules(_ path: String, _ text: String) -> Int {
            rule.findings(in: sample(path, text)).count
        }
        #expect(modules("Sources/Base/Low/X.swift", "import CLow\nimport Synchronization") == 0)
        #expect(modules("Sources/Base/Low/X.swift", "public import High") == 1)
        #expect(modules("Sources/State/High/X.swift", "import struct Low.Thing") == 0)
        #expect(modules("Sources/State/High/X.swift", "import Glibc") == 1)
        #expect(modules("Sources/State/High/X.swift", "import FoundationEssentials") == 1)
        #expect(modules("Sources/Base/High/X.swift", "") == 1)
        #expect(modules("Sources/State/Unknown/X.swift", "") == 1)
        #expect(modules("Tests/Unit/HighTests/X.swift", "import Extra\n@testable import High") == 0)
        #expect(modules("Tests/Unit/LowTests/X.swift", "import High\nimport Testing") == 1)
        #expect(modules("Tests/S/X.swift", "import Low\nimport High") == 1)
        #expect(modules("Sources/State/High/X.swift", "// import Glibc") == 0)
    }

    @Test func `find each word we do not use`() {
        let bad: [(path: String, line: String)] = [
            ("Sources/Base/HTTP/X.swift", "// TO" + "DO: later"),
            ("Sources/Edge/ControlAPI/X.swift", "import Foundation"),
            ("Sources/Services/Registry/X.swift", "Task { await a() }"),
            ("Tests/Unit/HTTPTests/X.swift", "let a = Int.random(in: 0..<3)"),
            ("Sources/State/Journal/X.swift", "let now = ContinuousClock().now"),
            ("Tests/Unit/HTTPTests/X.swift", "try await Task.sleep(for: .seconds(1))"),
            ("Sources/State/Journal/X.swift", "print(a)"),
        ]
        #expect(bad.count == WordRule.all.count)
        for (rule, (path, line)) in zip(WordRule.all, bad) {
            #expect(!rule.findings(in: sample(path, line)).isEmpty, "\(line)")
        }
    }

    @Test func `find a swallowed error, and let a clean-up pass`() {
        func count(_ line: String) -> Int {
            CleanupRule.findings(in: sample("Sources/X.swift", line)).count
        }
        #expect(count("guard let a = try? decode(b) else { return nil }") == 1)
        #expect(count("    try? append(entry)") == 1)
        #expect(count("    try? directory.remove(name)") == 0)
        #expect(count("    _ = try? upload.cancel()") == 0)
        #expect(count("    // try? nothing") == 0)
    }

    @Test func `find unsafe code in the wrong place or without its reason`() {
        func count(_ path: String, _ text: String) -> Int {
            UnsafeRule.findings(in: sample(path, text)).count
        }
        let reason = "// Safe because nobody else has it.\n"
        #expect(count("Sources/State/Journal/X.swift", reason + "unsafe call()") == 1)
        #expect(count("Sources/Drivers/YAML/X.swift", reason + "unsafe call()") == 0)
        #expect(count("Sources/Drivers/YAML/X.swift", "final class A: @unchecked Sendable {}") == 1)
        let farAway =
            reason + String(repeating: "\n", count: 13) + "class A: @unchecked Sendable {}"
        #expect(count("Sources/Drivers/YAML/X.swift", farAway) == 1)
    }

    @Test func `find a file without its licence, or with a path of one machine`() {
        let good = "// SPDX-License-Identifier: Apache-2.0\n"
        #expect(TextRule.findings(in: sample("Sources/X.swift", good)).isEmpty)
        #expect(TextRule.findings(in: sample("Sources/X.swift", "")).count == 1)
        #expect(TextRule.findings(in: sample("docs/x.md", "see /ho" + "me/me/x")).count == 1)
    }

    @Test func `find a fixed port`() {
        func count(_ path: String, _ line: String) -> Int {
            PortRule.findings(in: sample(path, line)).count
        }
        #expect(count("Tests/SystemTests/X.swift", #"listen("127.0.0.1:50"# + #"00")"#) == 1)
        #expect(count("Tests/SystemTests/X.swift", #"listen("127.0.0.1:0")"#) == 0)
        #expect(count("Tests/Unit/HTTPTests/X.swift", #"parse("127.0.0.1:50"# + #"00")"#) == 0)
    }

    @Test func `find a proof that is not there`() {
        let tests = sample("Tests/Unit/X.swift", "@Test func `a thing holds`() {}")
        let rule = ProofRule(files: [tests]) { $0 == "script/kill" }
        func count(_ cell: String) -> Int {
            let table = "| what | Proof |\n|---|---|\n| a | \(cell) |\n"
            return rule.findings(in: sample("docs/x.md", table)).count
        }
        #expect(count("`a thing holds`") == 0)
        #expect(count("`a thing holds`, `script/kill 25`") == 0)
        #expect(count("not yet") == 0)
        #expect(count("") == 1)
        #expect(count("`a thing fell`") == 1)
    }

    @Test func `let stand what stood before, and no more`() {
        let finding = Finding(path: "a", line: 1, sentence: "x")
        #expect(Tolerated.beyond(["a": 1], [finding]).isEmpty)
        #expect(Tolerated.beyond(["a": 1], [finding, finding]).count == 1)
        #expect(Tolerated.beyond([:], [finding]).count == 1)
        #expect(Tolerated.beyond(["a": 2, "b": 1], [finding]).map(\.path) == ["a", "b"])
    }

    private func sample(_ path: String, _ text: String) -> SourceFile {
        SourceFile(path: path, text: text)
    }
}
