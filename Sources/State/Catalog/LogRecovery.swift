// SPDX-License-Identifier: Apache-2.0

import Platform
import SQLite

/// What happens to the WAL of a catalog that nobody closed, before it is opened.
///
/// Every byte is written once more and synced. A process that ended because an fsync had failed leaves
/// a WAL in the kernel's memory that never reached the disk and that no later fsync would write: the
/// kernel takes those pages for clean. Commits built on them would go with the power.
///
/// Then what a crash left behind the last commit is cut off. SQLite would write over it with the same
/// salts; after the next crash, sectors of both could look like a commit that was damaged later.
enum LogRecovery {
    /// Bytes written at a time.
    private static let portion = 1 << 20

    /// Makes the WAL in `directory` durable and refuses one that SQLite would silently cut short;
    /// without a WAL, or with an empty one, there is nothing to do.
    ///
    /// Where all that is written stays in memory, nothing is ever built on it, so it stays as it is.
    static func run(
        in directory: any Directory,
        at path: String,
        _ options: Catalog.Options
    ) throws(CatalogError) {
        let log = try options.isInMemory ? nil : log(in: directory)
        if let log { try recovering { () throws(FileError) in try rewrite(log) } }
        guard let found = try Catalog.scanLog(path, options), let log else { return }
        try recovering { () throws(FileError) in
            guard try log.size() > found.bytes else { return }
            try log.truncate(to: found.bytes)
            try log.sync()
        }
    }

    private static func log(in directory: any Directory) throws(CatalogError) -> (any File)? {
        do throws(FileError) {
            return try directory.open("\(Catalog.fileName)-wal", .write)
        } catch {
            guard error.kind == .notFound else { throw CatalogError(error, purpose) }
            return nil
        }
    }

    private static let purpose = "make the WAL durable"

    private static func recovering(
        _ step: () throws(FileError) -> Void
    ) throws(CatalogError) {
        do throws(FileError) { try step() } catch { throw CatalogError(error, purpose) }
    }

    private static func rewrite(_ file: any File) throws(FileError) {
        let size = try file.size()
        var offset: UInt64 = 0
        while offset < size {
            var bytes = [UInt8](repeating: 0, count: Int(min(UInt64(portion), size - offset)))
            let count = try file.read(into: &bytes, at: offset)
            guard count > 0 else { break }
            try file.write(bytes.span.extracting(0..<count), at: offset)
            offset += UInt64(count)
        }
        if size > 0 { try file.sync() }
    }
}

extension CatalogError {
    /// What a failure of the file system means for the catalog.
    init(_ error: FileError, _ purpose: String) {
        switch error.kind {
        case .noSpace: self = .full
        case .readOnly, .denied: self = .readOnly
        default: self = .trouble(SQLiteError(code: .io, message: "\(purpose): \(error)"))
        }
    }
}
