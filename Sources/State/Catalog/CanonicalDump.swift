// SPDX-License-Identifier: Apache-2.0

import SQLite

extension Catalog {
    /// The projection as lines, equal for catalogs at the same positions and nothing else (I4).
    ///
    /// Every table in a fixed order, every row in the order of its key, every value with its type.
    public func canonicalDump(_ line: (String) -> Void) throws(CatalogError) {
        try read { view throws(CatalogError) in
            for (table, key) in Schema.projected {
                line("table \(table)")
                let columns = try view.session.all(
                    "SELECT name FROM pragma_table_info('\(table)') ORDER BY cid",
                    read: { $0.text(0) }
                )
                let values = columns.map { "quote(\($0))" }.joined(separator: " || '|' || ")
                try view.session.each("SELECT \(values) FROM \(table) ORDER BY \(key)") { row in
                    line(row.text(0))
                }
            }
        }
    }
}
