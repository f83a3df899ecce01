// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import SQLite

/// The pages of a closed catalog's file, to damage the one that is meant.
struct CatalogPages {
    private static let pageBytes = 4096

    private let file: any File
    private let bytes: [UInt8]
    private let connection: Connection

    /// Reads the file in the data directory at `path`.
    init(at path: String) throws {
        file = try LinuxFileSystem().directory(at: path, .mustExist).open("catalog.db", .write)
        bytes = try file.all()
        connection = try Connection(path: "\(path)/catalog.db", mode: .readOnly)
    }

    /// The number of a table's first page.
    func root(of table: String) throws -> Int {
        try connection.prepare("SELECT rootpage FROM sqlite_schema WHERE name = '\(table)'")
            .first { Int($0.integer(0)) } ?? 0
    }

    /// The numbers of the leaves below a page, in the order of their keys.
    func leaves(below page: Int) -> [Int] {
        let start = (page - 1) * Self.pageBytes
        func number(_ offset: Int, _ count: Int) -> Int {
            bytes[(start + offset)..<(start + offset + count)].reduce(0) { $0 << 8 | Int($1) }
        }
        // 2 is an interior page of an index, as tables without row ids are; 10 is a leaf of one.
        guard number(0, 1) == 2 else { return [page] }
        let children = (0..<number(3, 2)).map { number(number(12 + 2 * $0, 2), 4) }
        return (children + [number(8, 4)]).flatMap { leaves(below: $0) }
    }

    /// Whether a page has a text somewhere.
    func page(_ page: Int, has text: String) -> Bool {
        let start = (page - 1) * Self.pageBytes
        return bytes[start..<(start + Self.pageBytes)].contains(text.utf8)
    }

    /// Flips a bit in the middle of a page.
    func flipBit(of page: Int) throws {
        let offset = (page - 1) * Self.pageBytes + Self.pageBytes / 2
        try file.put([bytes[offset] ^ 1], at: UInt64(offset))
        try file.sync()
    }
}
