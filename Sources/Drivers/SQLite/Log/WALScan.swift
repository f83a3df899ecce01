// SPDX-License-Identifier: Apache-2.0

public import Platform

/// What a scan found in a WAL that may be opened.
public struct WALScanResult: Hashable, Sendable {
    /// How the WAL ends.
    public enum End: Hashable, Sendable {
        /// After a commit.
        case commit
        /// In a transaction that was not committed, or whose frames did not all reach the disk, or were
        /// damaged later: these cannot be told apart. The first frame that SQLite will not use.
        case torn(frame: Int)
    }

    /// Frames that SQLite will use: up to the last commit that is whole.
    public var frames: Int
    /// Transactions in them.
    public var transactions: Int
    /// How the WAL ends.
    public var end: End
    /// How long the WAL is up to there; what lies behind is of no use.
    public var bytes: UInt64
}

/// Why a WAL must not be opened: SQLite would silently drop what was acknowledged.
public enum WALScanError: Error, Hashable, Sendable {
    /// The file could not be read.
    case unreadable(FileError)
    /// The header does not carry its checksum, but frames follow it, and the header is synced first.
    case headerDamaged
    /// The frame is damaged (counted from 0), and a later transaction began when it was whole.
    case frameDamaged(frame: Int, offset: UInt64, laterFrame: Int)
    /// The WAL is longer than any that we write.
    case tooLong(bytes: UInt64, bytesMax: UInt64)
}

extension WALScanError: CustomStringConvertible {
    /// One sentence for the operator.
    public var description: String {
        switch self {
        case .unreadable(let error):
            "the WAL cannot be read: \(error.operation) (\(error.kind))"
        case .headerDamaged:
            "the header of the WAL is damaged, and transactions follow it"
        case .frameDamaged(let frame, let offset, let laterFrame):
            "frame \(frame) of the WAL (at byte \(offset)) is damaged, and frame \(laterFrame) shows"
                + " that a later transaction was written after it was synced"
        case .tooLong(let bytes, let bytesMax):
            "the WAL has \(bytes) bytes, more than the \(bytesMax) it may have"
        }
    }
}

/// Looks for damage in the middle of a WAL before SQLite opens it.
///
/// SQLite ends at the first bad frame and says nothing, because a crash leaves such a frame at the
/// end. With `synchronous=FULL` a transaction's frames are written only after the one before is
/// synced; so a bad frame in any transaction but the last is rot, and the WAL is refused. Damage
/// inside the last transaction costs that transaction, like a torn write would
/// (docs/formats/catalog-file.md). With `synchronous=NORMAL` this is no help: do not call it.
public enum WALScan {
    /// The most bytes a WAL is scanned for.
    public static let bytesMaxDefault: UInt64 = 1 << 30

    /// Scans the WAL in `file`, frame by frame, in a time that follows its length.
    public static func scan(
        file: any File,
        bytesMax: UInt64 = bytesMaxDefault
    ) throws(WALScanError) -> WALScanResult {
        let size = try readable { () throws(FileError) in try file.size() }
        guard size <= bytesMax else { throw .tooLong(bytes: size, bytesMax: bytesMax) }
        guard size > LogHeader.bytes else {
            // Not even a header, or nothing behind it: there is nothing to lose.
            return WALScanResult(frames: 0, transactions: 0, end: .commit, bytes: size)
        }
        let log = try readable { () throws(FileError) in try LogReader(file, size: size) }
        guard let log else { throw .headerDamaged }
        return try scan(log)
    }

    private static func readable<Value>(
        _ read: () throws(FileError) -> Value
    ) throws(WALScanError) -> Value {
        do {
            return try read()
        } catch {
            throw .unreadable(error)
        }
    }

    private static func scan(_ log: LogReader) throws(WALScanError) -> WALScanResult {
        var sums = log.header.sums
        var found = WALScanResult(
            frames: 0,
            transactions: 0,
            end: .commit,
            bytes: log.offset(ofFrame: 0)
        )
        var index = 0
        while index < log.frameCount {
            let frame = try log.frame(index)
            guard frame.isValid(after: sums, in: log.header) else { break }
            sums = frame.sums
            index += 1
            if frame.isCommit {
                found.frames = index
                found.bytes = log.offset(ofFrame: index)
                found.transactions += 1
            }
        }
        if found.frames < index { found.end = .torn(frame: found.frames) }
        guard index < log.frameCount else { return found }
        if let later = try laterTransaction(log, behind: index, sums) {
            let offset = log.offset(ofFrame: index)
            throw .frameDamaged(frame: index, offset: offset, laterFrame: later)
        }
        if try log.frame(index).belongs(to: log.header) {
            found.end = .torn(frame: found.frames)
        }
        return found
    }

    /// The first frame that was chained to a commit at or behind the bad frame `bad`.
    private static func laterTransaction(
        _ log: LogReader,
        behind bad: Int,
        _ sums: LogSums
    ) throws(WALScanError) -> Int? {
        guard bad + 1 < log.frameCount else { return nil }
        let first = try log.frame(bad)
        var frame = try log.frame(bad + 1)
        let pages = try pageCounts(log, without: bad)
        if first.wasCommit(
            after: sums,
            followedBy: frame,
            in: log.header,
            pages,
            mayBeTorn: log.isSplit(bad)
        ) {
            return bad + 1
        }
        // What a frame continues: what the one before it carries, or what its content asks for if that is
        // what was damaged.
        var before = [first.sums, first.content(after: sums, log.header)]
        for index in bad + 1..<log.frameCount - 1 {
            let next = try log.frame(index + 1)
            let saysSo = frame.isCommit && frame.hasSalt(of: log.header)
            // Torn between two sectors, a frame says whether the older one at its place was a commit.
            let isCommit =
                saysSo
                && (!log.isSplit(index)
                    || before.contains { frame.isValid(after: $0, in: log.header) })
            if isCommit, next.isValid(after: frame.sums, in: log.header) { return index + 1 }
            before = [frame.sums]
            frame = next
        }
        return nil
    }

    /// The page counts that a commit may have said: like those of the others, give or take its frames.
    private static func pageCounts(
        _ log: LogReader,
        without bad: Int
    ) throws(WALScanError) -> ClosedRange<UInt32> {
        var counts: ClosedRange<UInt32>?
        for index in 0..<log.frameCount where index != bad {
            let frame = try log.frame(index)
            guard frame.hasSalt(of: log.header), frame.isCommit else { continue }
            let (least, most) = (counts?.lowerBound, counts?.upperBound)
            let count = frame.pageCount
            counts = min(least ?? count, count)...max(most ?? count, count)
        }
        let frames = UInt32(clamping: log.frameCount)
        let (least, most) = (counts?.lowerBound ?? 1, counts?.upperBound ?? 1)
        return max(
            1,
            least - min(least, frames)
        )...max(most, UInt32(clamping: UInt64(most) + UInt64(frames)))
    }
}
