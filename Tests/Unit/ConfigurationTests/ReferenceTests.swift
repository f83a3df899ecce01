// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

@testable import Configuration

@Suite struct `Reference of the configuration` {
    /// The project's directory, four above this file's.
    private static let root = #filePath.split(separator: "/").dropLast(4).reduce("") {
        "\($0)/\($1)"
    }

    @Test func `the committed page is the one the table gives`() throws {
        let files = LinuxFileSystem()
        let directory = try files.directory(at: Self.root + "/docs/operations", .createIfMissing)
        let page = Array(ConfigurationReference.markdown.utf8)
        if getenv("BREAKWATER_WRITE_REFERENCE") != nil {
            let file = try directory.open("configuration.md", .writeOrCreate)
            try file.truncate(to: 0)
            try file.write(page.span, at: 0)
        }
        let file = try directory.open("configuration.md", .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        let count = try file.read(into: &bytes, at: 0)
        #expect(
            Array(bytes[..<count]) == page,
            "docs/operations/configuration.md is old: run the tests with BREAKWATER_WRITE_REFERENCE=1"
        )
    }

    @Test func `a file made of the defaults gives the defaults`() throws {
        let source = Settings.Source(name: "f", bytes: Array(Settings().asYAML.utf8))
        #expect(try Settings.read(source) == Settings())
    }

    @Test func `a file made of other settings gives them back`() throws {
        var settings = Settings()
        settings.data = "a \"b\"\\\u{7}: #c"
        settings.log.file = "null"
        settings.publicURL = "https://[::1]:8443"
        settings.connections.threads = 3
        settings.trustedProxies = []
        let source = Settings.Source(name: "f", bytes: Array(settings.asYAML.utf8))
        #expect(try Settings.read(source) == settings)
    }

    @Test func `every key is once in the table, in its group, and has its words`() {
        let paths = KeyTable.keys.map(\.path)
        #expect(Set(paths).count == paths.count)
        for group in KeyTable.groups {
            #expect(!group.purpose.isEmpty && !group.keys.isEmpty)
            for key in group.keys {
                #expect(key.group == group.name)
                #expect(key.purpose.hasSuffix(".") && !key.allowed.isEmpty)
            }
        }
        let flags = KeyTable.keys.compactMap(\.flag)
        #expect(Set(flags).count == flags.count)
    }

    @Test func `the limits that no key changes stand in the page, with what answers beyond them`() {
        let page = ConfigurationReference.markdown
        #expect(page.contains("## Fixed limits"))
        for (most, exceeded) in [
            ("255 bytes", "400 `NAME_INVALID`"), ("2000", "413 `SIZE_INVALID`"),
        ] {
            #expect(
                page.split(separator: "\n").contains {
                    $0.contains("| \(most) |") && $0.contains(exceeded)
                }
            )
        }
        #expect(FixedLimit.all.allSatisfy { !$0.most.isEmpty && !$0.exceeded.isEmpty })
    }

    @Test func `every limit says what answers what exceeds it`() {
        let limits = KeyTable.keys.filter { $0.group == "requests" || $0.path.hasSuffix("max") }
        let silent = limits.filter { $0.exceeded == nil }.map(\.path)
        #expect(silent.isEmpty)
    }
}
