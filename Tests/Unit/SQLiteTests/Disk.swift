// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import SQLite

/// A disk in memory whose files a test may read and change, and ways to open a database on it.
struct Disk {
    let directory: OverlayDirectory

    init() {
        directory = OverlayDirectory(over: nil, bytesMax: 1 << 30)
    }

    /// A disk that holds these files.
    init(_ files: [(name: String, bytes: [UInt8])]) throws {
        self.init()
        for file in files { try write(file.bytes, to: file.name) }
    }

    /// A new checking VFS, as after a restart.
    func checks(_ options: PageCheckVFS.Options = .init()) -> PageCheckVFS {
        let base = DirectoryVFS(directory, clocks: LinuxClocks(), random: LinuxRandom())
        return PageCheckVFS(over: .directory(base), options) { _ in }
    }

    func bytes(_ name: String) throws -> [UInt8] {
        let file = try directory.open(name, .read)
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        _ = try file.read(into: &bytes, at: 0)
        return bytes
    }

    func write(_ bytes: [UInt8], to name: String, at offset: Int = 0) throws {
        try directory.open(name, .writeOrCreate).write(bytes.span, at: UInt64(offset))
    }

    /// Turns one bit of a file over.
    func flip(_ name: String, byte: Int, bit: Int) throws {
        let file = try directory.open(name, .write)
        var byteThere: [UInt8] = [0]
        _ = try file.read(into: &byteThere, at: UInt64(byte))
        try file.write([byteThere[0] ^ 1 << UInt8(bit)].span, at: UInt64(byte))
    }
}

/// A catalog in small: rows with an index, in transactions of different sizes.
enum Example {
    static let name = "catalog.sqlite"
    static let log = "catalog.sqlite-wal"

    static func open(
        _ checks: PageCheckVFS,
        at path: String = name,
        mode: Connection.Mode = .createIfMissing
    ) throws -> Connection {
        let connection = try Connection(path: path, mode: mode, through: checks)
        try connection.useWriteAheadLog()
        try connection.setSynchronous(.full)
        connection.setAutomaticCheckpoint(frames: 0)
        return connection
    }

    static func makeTables(_ connection: Connection) throws {
        try connection.execute(
            """
            CREATE TABLE row (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
            CREATE INDEX row_by_text ON row (text, id);
            """
        )
    }

    /// Adds rows first...last in one transaction.
    static func add(_ ids: ClosedRange<Int64>, step: Int64, _ connection: Connection) throws {
        let insert = try connection.prepare("INSERT INTO row VALUES (?1, ?2, ?3)")
        try connection.beginImmediate()
        for id in ids { try insert.bind(.integer(id), .integer(step), .text(text(id))).run() }
        try connection.commit()
    }

    static func text(_ id: Int64) -> String { "\(id * 7919 % 10007) of row \(id)" }

    /// All rows, by the table and by the index; they must agree.
    static func rows(_ connection: Connection) throws -> [Int64] {
        let byTable = try connection.prepare("SELECT id, text FROM row ORDER BY id")
        let rows = try byTable.all { (id: $0.integer(0), text: $0.text(1)) }
        let byIndex = try connection.prepare("SELECT id FROM row ORDER BY text, id")
        let indexed = try byIndex.all { $0.integer(0) }
        #expect(rows.allSatisfy { $0.text == text($0.id) })
        #expect(indexed.sorted() == rows.map(\.id))
        return rows.map(\.id)
    }
}
