// SPDX-License-Identifier: Apache-2.0

/// A page that failed its check and was not handed to SQLite.
public struct PageFailure: Hashable, Sendable {
    /// Where the bytes lie.
    public enum Place: Hashable, Sendable {
        /// A page of the database file, counted from 1.
        case database(page: UInt32)
        /// A frame of the WAL, counted from 0, and the page that its header names.
        case log(frame: Int, page: UInt32)
    }

    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// The bytes are not those that were written.
        case changed
        /// The file ends before a page it says it has.
        case missing
        /// The frame was not written, and not recovered, by this process.
        case unknownFrame
        /// The file's header is not that of a database whose pages carry checks.
        case withoutChecks
    }

    /// The database or WAL file, as SQLite names it.
    public var file: String
    /// Where the bytes lie.
    public var place: Place
    /// What is wrong.
    public var reason: Reason
}

extension PageFailure: CustomStringConvertible {
    /// One sentence for the operator.
    public var description: String {
        let what =
            switch place {
            case .database(let page): "page \(page) of \(file)"
            case .log(let frame, let page): "page \(page) in frame \(frame) of \(file)"
            }
        return switch reason {
        case .changed: "\(what) fails its check"
        case .missing: "\(what) is missing: the file is too short"
        case .unknownFrame: "\(what) was not written by this process"
        case .withoutChecks: "\(file) is not a database whose pages carry checks"
        }
    }
}

/// An fsync that failed, after which nobody knows what the disk holds.
public struct SyncFailure: Hashable, Sendable {
    /// The file, or the directory's file whose name could not be made durable.
    public var file: String
    /// What SQLite is told.
    public var code: ResultCode
}

/// What the checking VFS counted since it was made.
public struct PageCheckCounts: Hashable, Sendable {
    /// Pages read from database files.
    public var pageReads: UInt64
    /// Pages written to database files.
    public var pageWrites: UInt64
    /// Frames read from WALs, in recovery too.
    public var frameReads: UInt64
    /// Frames written to WALs.
    public var frameWrites: UInt64
    /// Reads whose check failed.
    public var failures: UInt64
    /// fsyncs of database, WAL and journal files.
    public var fileSyncs: UInt64
    /// fsyncs of directories.
    public var directorySyncs: UInt64
}
