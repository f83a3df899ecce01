// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import SQLite
import Testing

@Suite struct `The document of the catalog's tables` {
    private static let root = #filePath.split(separator: "/").dropLast(4).reduce("") {
        "\($0)/\($1)"
    }

    /// A table as the page has it: its columns and indexes, each a line.
    private struct Table: Equatable {
        var columns: [String] = []
        var indexes: [String] = []
    }

    private func page() throws -> [Substring] {
        let bytes = try LinuxFileSystem().directory(at: "\(Self.root)/docs/formats", .mustExist)
            .open("catalog-tables.md", .read).all()
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private func documented() throws -> [String: Table] {
        var tables: [String: Table] = [:]
        var name = ""
        for line in try page() {
            if line.hasPrefix("### ") {
                name = String(line.dropFirst(4))
                tables[name] = Table()
            } else if line.hasPrefix("| `"), !name.isEmpty {
                let cells = line.split(separator: "|").prefix(2)
                tables[name]?.columns.append(cells.joined(separator: "|"))
            } else if line.hasPrefix("Index ") {
                // What follows a comma says where it comes from.
                let end = line.firstRange(of: ", made by")?.lowerBound ?? line.endIndex
                let text = line[..<end]
                tables[name]?.indexes.append(String(text.last == "." ? text.dropLast() : text))
            }
        }
        return tables
    }

    private func made(_ connection: Connection) throws -> [String: Table] {
        func texts(_ query: String) throws -> [String] {
            try connection.prepare(query).all { $0.text(0) }
        }
        var tables: [String: Table] = [:]
        for name in try texts("SELECT name FROM sqlite_schema WHERE type = 'table'") {
            var table = Table()
            table.columns = try texts(
                """
                SELECT ' `' || name || '` | ' || type
                    || iif("notnull" = 0 AND pk = 0, ' or NULL', '')
                    || iif(pk > 0, ', key ' || pk, '') || ' '
                FROM pragma_table_info('\(name)') ORDER BY cid
                """
            )
            let indexes = try connection.prepare(
                """
                SELECT name, coalesce((SELECT sql FROM sqlite_schema WHERE name = list.name), ''),
                    origin, (SELECT group_concat(name, ', ') FROM
                        (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno))
                FROM pragma_index_list('\(name)') AS list WHERE origin <> 'pk' ORDER BY seq DESC
                """
            ).all { ($0.text(0), $0.text(1), $0.text(2), $0.text(3)) }
            table.indexes = indexes.map { name, sql, origin, columns in
                let condition = sql.split(separator: " WHERE ").dropFirst()
                return "Index \(origin == "u" ? "" : "`\(name)` ")on `\(columns)`"
                    + condition.map { " where `\($0)`" }.joined()
            }
            tables[name] = table
        }
        return tables
    }

    @Test func `has every table, column, key and index, and no other`() throws {
        let fixture = try CatalogFixture()
        try fixture.close()
        let connection = try Connection(path: "\(fixture.path)/catalog.db", mode: .readOnly)
        let (documented, made) = (try documented(), try made(connection))
        #expect(documented.keys.sorted() == made.keys.sorted())
        for (name, table) in made.sorted(by: { $0.key < $1.key }) {
            #expect(documented[name]?.columns == table.columns, "\(name)")
            #expect(documented[name]?.indexes.sorted() == table.indexes.sorted(), "\(name)")
        }
        for pragma in ["application_id", "user_version"] {
            let number = try #require(try connection.pragmaInteger(pragma))
            #expect(try page().contains { $0.hasPrefix("| `\(pragma)` | \(number) ") }, "\(pragma)")
        }
        try connection.close()
    }
}
