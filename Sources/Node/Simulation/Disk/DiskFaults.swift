// SPDX-License-Identifier: Apache-2.0

public import Platform

/// A call to the disk, as faults and statistics tell them apart.
public enum DiskOperation: UInt8, Sendable, CaseIterable {
    case open, create, makeDirectory, list, read, write, truncate, size, syncFile, syncDirectory
    case rename, remove, removeDirectory, freeSpace, link

    /// Whether it changes what is on the disk.
    public var isChange: Bool {
        switch self {
        case .create, .makeDirectory, .write, .truncate, .syncFile, .syncDirectory, .rename,
            .link, .remove, .removeDirectory:
            true
        case .open, .list, .read, .size, .freeSpace: false
        }
    }
}

extension DiskOperation {
    /// The kind of fault that a failure of this call is.
    var fault: FaultKind? {
        switch self {
        case .syncFile: .failedSync
        case .syncDirectory: .failedDirectorySync
        case .rename: .failedRename
        case .read: .failedRead
        default: nil
        }
    }
}

/// One failure that is going to happen.
public struct PlannedFailure: Sendable {
    /// Which calls it waits for.
    public var operation: DiskOperation
    /// How many of them still succeed.
    public var after: Int
    /// How many of them then fail.
    public var count: Int
    /// With what.
    public var kind: FileError.Kind

    /// Plans a failure.
    public init(_ operation: DiskOperation, after: Int, count: Int = 1, kind: FileError.Kind) {
        self.operation = operation
        self.after = after
        self.count = count
        self.kind = kind
    }
}

/// What a disk does besides its work.
public struct DiskFaults: Sendable {
    /// How many calls that count still happen before the machine stops; nil for no crash.
    public var crashAfter: Int?
    /// Whether calls that only read count towards that too.
    public var crashCountsReads = false
    /// Whether the call at which the machine stops never happens; else it does in half of the cases.
    public var crashComesBefore = false
    /// Calls that are going to fail.
    public var failures: [PlannedFailure] = []
    /// How many bytes the disk has.
    public var capacity: UInt64
    /// Whether every change is refused, as on a file system mounted read-only.
    public var isReadOnly = false
    /// How long a call takes at least and at most.
    public var latency: ClosedRange<Duration> = .microseconds(5)...(.microseconds(200))
    /// How long a sync takes at least and at most.
    public var syncLatency: ClosedRange<Duration> = .microseconds(200)...(.milliseconds(5))

    /// How long a sync of a slow disk takes.
    static let slowSync: ClosedRange<Duration> = .milliseconds(20)...(.milliseconds(900))

    /// A disk of `capacity` bytes that never fails.
    public init(capacity: UInt64 = 1 << 30) {
        self.capacity = capacity
    }

    /// The error of this call, if one was planned for it.
    mutating func failure(of operation: DiskOperation) -> FileError.Kind? {
        for index in failures.indices where failures[index].operation == operation {
            guard failures[index].after == 0 else {
                failures[index].after -= 1
                continue
            }
            let kind = failures[index].kind
            failures[index].count -= 1
            if failures[index].count == 0 { failures.remove(at: index) }
            return kind
        }
        return nil
    }
}
