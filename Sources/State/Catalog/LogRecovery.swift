// SPDX-License-Identifier: Apache-2.0

import Platform
import SQLite

/// What happens to the WAL of a catalog that nobody closed, before it is looked at and opened.
///
/// Every byte is written once more and synced. A process that ended because an fsync had failed leaves
/// a WAL in the kernel's memory that never reached the disk and that no later fsync would write: the
/// kernel takes those pages for clean. Commits built on them would go with the power.
enum LogRecovery {
    /// Bytes written at a time.
    private static let portion = 1 << 20

    /// Makes the WAL in `directory` durable; without one, or with an empty one, there is nothing to do.
    ///
    /// On a disk that may not be written nothing will be built on it, so it may stay as it is.
    static func run(in directory: any Directory) throws(CatalogError) {
        do throws(FileError) {
            try rewrite(try directory.open("\(Catalog.fileName)-wal", .write))
        } catch {
            switch error.kind {
            case .notFound, .readOnly, .denied: return
            default: throw CatalogError(error, "make the WAL durable")
            }
        }
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
