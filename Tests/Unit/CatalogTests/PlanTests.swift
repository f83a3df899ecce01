// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import SQLite
import Testing

/// The statements of the catalog as they stand in its sources, and what SQLite makes of them.
@Suite struct `The statements of the catalog` {
    private static let root = #filePath.split(separator: "/").dropLast(4).reduce("") {
        "\($0)/\($1)"
    }
    private static let folders = ["Apply", "Views"]

    /// The texts between quotes that are statements, but for those into which Swift puts something, and the
    /// parts of these.
    private static func statements() throws -> [String] {
        var found: [String] = []
        for folder in folders {
            let directory = try LinuxFileSystem()
                .directory(at: "\(root)/Sources/State/Catalog/\(folder)", .mustExist)
            for name in try directory.names(after: "", limit: 1_000) where name.hasSuffix(".swift")
            {
                let bytes = try directory.open(name, .read).all()
                found += statements(in: String(decoding: bytes, as: UTF8.self))
            }
        }
        return found
    }

    private static func statements(in text: String) -> [String] {
        let text = text.replacing("\\(beyond)", with: ">")
        let long = text.matches(of: #/"""\n([^"]*)"""/#).map { String($0.1) }
        let short = text.matches(of: #/"([A-Z][^"\n]*)"/#).map { String($0.1) }
        return (long + short)
            .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
            .filter { $0.contains(#/^(SELECT|WITH|INSERT|UPDATE|DELETE) /#) && !$0.contains("\\(") }
            .filter { !$0.contains(#/ FROM (held|kept|ending) /#) }
    }

    @Test func `are all found where they stand`() throws {
        let text = #"""
            a("SELECT 1 FROM b", "Select one", """
                UPDATE c
                SET d = 1
                """, "SELECT \(e) FROM f")
            """#
        #expect(Self.statements(in: text) == ["UPDATE c SET d = 1", "SELECT 1 FROM b"])
        #expect(try Self.statements().count > 80)
    }

    /// Steps that go through more than their statement gives, each with what bounds it.
    private static let walks = [
        // Those that lead nowhere are passed; of the last step of a deletion alone.
        "SELECT digest FROM manifests WHERE repository = ?1 AND NOT EXISTS (": "(repository=?)",
        // The first that there is.
        "SELECT 1 FROM tombstones WHERE repository = ?1 AND named = 1 LIMIT 1": "(repository=?)",
        "SELECT 1 FROM manifest_references WHERE repository = ?1 LIMIT ?2)": "(repository=?)",
        // The whole key.
        "FROM retention_policies WHERE namespace = ?1": "(namespace=?)",
        // One row is enough.
        "EXISTS ( SELECT 1 FROM repositories WHERE namespace = namespaces.id": "(namespace=?)",
    ]

    /// SQLite knows nothing of how many rows there are: where two columns of an index serve no better than
    /// one of the key in its rough reckoning, it goes through all that a repository has.
    @Test func `go by an index as far as it reaches`() throws {
        let fixture = try CatalogFixture()
        try fixture.close()
        let connection = try Connection(path: "\(fixture.path)/catalog.db", mode: .readOnly)
        for statement in try Self.statements() {
            for step in try connection.prepare("EXPLAIN QUERY PLAN \(statement)").all({ $0.text(3) }
            )
            where step.contains(#/^SEARCH \w+ USING .*\((repository|namespace)=\?\)$/#) {
                let isKnown = Self.walks.contains { part, how in
                    statement.contains(part) && step.hasSuffix(how) && !step.contains(" named ")
                }
                #expect(isKnown, "\(statement): \(step)")
            }
        }
        try connection.close()
    }

    /// At the end of such a statement SQLite walks through all that its change has saved so far.
    @Test func `that apply entries keep no journal of their own`() throws {
        let directory = try LinuxFileSystem()
            .directory(at: "\(Self.root)/Sources/State/Catalog/Apply", .mustExist)
        for name in try directory.names(after: "", limit: 1_000) where name.hasSuffix(".swift") {
            let text = String(decoding: try directory.open(name, .read).all(), as: UTF8.self)
            for statement in Self.statements(in: text) {
                let isJournalled =
                    statement.contains(#/^(INSERT|UPDATE) .* RETURNING /#)
                    || statement.contains(#/^INSERT .* SELECT /#)
                #expect(!isJournalled, "\(statement)")
            }
        }
    }
}
