// SPDX-License-Identifier: Apache-2.0

import Journal
public import SQLite

/// Why the catalog could not answer, apply or commit.
public enum CatalogError: Error, Hashable, Sendable {
    /// The disk is full: nothing was changed; deletes and pulls go on.
    case full
    /// The disk or the files may not be written; pulls go on.
    case readOnly
    /// A page the answer needs fails its check; nothing was decided on it.
    case pageCheckFailed(String)
    /// The file is damaged or not ours; the sentence says how it was noticed and the way out.
    case damaged(String)
    /// Written by a later version of Breakwater; the sentence says what is needed.
    case newer(String)
    /// An entry cannot be applied to this state; its change is refused, others go on.
    case poison(String)
    /// A rebuild was broken off because its task was cancelled; the catalog is as it was.
    case interrupted
    /// SQLite or the disk failed in another way; it may pass.
    case trouble(SQLiteError)

    /// What a failure of SQLite means for the catalog.
    init(_ error: SQLiteError) {
        if error.isPageCheckFailure {
            self = .pageCheckFailed(error.message)
        } else if error.isFull {
            self = .full
        } else if error.isReadOnly {
            self = .readOnly
        } else if error.isCorrupt {
            self = .damaged("SQLite: \(error.message); run 'breakwater catalog rebuild --offline'")
        } else {
            self = .trouble(error)
        }
    }

    /// Whether the disk does not give a page, or not as it was written; others may be sound.
    var isOfOnePage: Bool {
        switch self {
        case .pageCheckFailed: true
        case .trouble(let error): error.isUnreadable
        default: false
        }
    }

    /// Whether the catalog is closed, so that nothing more comes of it.
    public var isOfClosedCatalog: Bool { self == Catalog.isClosed }

    /// Whether the disk may or may not have what was being committed: the process must end.
    public var leavesCommitUnknown: Bool {
        guard case .trouble(let error) = self else { return false }
        return error.isSyncFailure
    }
}

extension CatalogError: CustomStringConvertible {
    /// One sentence for the operator, with the way out.
    public var description: String {
        switch self {
        case .full: "the disk is full: add or free space on the data directory's disk"
        case .readOnly:
            "the data directory cannot be written: mount its disk writable, and give its files to the "
                + "server's user"
        case .pageCheckFailed(let page):
            "\(page): 'breakwater catalog rebuild --offline' makes all but the entries anew; where "
                + "that refuses, restore the data directory from a backup"
        case .damaged(let sentence), .newer(let sentence): sentence
        case .poison(let reason):
            "an entry cannot be applied (\(reason)): start the version that wrote it, or restore the "
                + "data directory from a backup"
        case .interrupted: "the server stops; the catalog is as it was, so rebuild it again"
        case .trouble(let error):
            "\(error): look for the disk's errors in the kernel's log, then start again"
        }
    }
}
