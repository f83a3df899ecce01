// SPDX-License-Identifier: Apache-2.0

import CShims
import Platform

/// The two running sums of a WAL's checksum.
struct LogSums: Hashable {
    var first: UInt32
    var second: UInt32

    /// The sums after `bytes`.
    func adding(_ bytes: ArraySlice<UInt8>, bigEndian: Bool) -> LogSums {
        unsafe walk(bytes, bigEndian, bw_wal_checksum)
    }

    /// The sums that there were before `bytes`.
    func removing(_ bytes: ArraySlice<UInt8>, bigEndian: Bool) -> LogSums {
        unsafe walk(bytes, bigEndian, bw_wal_checksum_undo)
    }

    private func walk(
        _ bytes: ArraySlice<UInt8>,
        _ bigEndian: Bool,
        _ step: (UnsafeRawPointer?, Int, Int32, UnsafeMutablePointer<UInt32>?) -> Void
    ) -> LogSums {
        var sums = [first, second]
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                unsafe step(bytes.baseAddress, bytes.count, bigEndian ? 1 : 0, sums.baseAddress)
            }
        }
        return LogSums(first: sums[0], second: sums[1])
    }
}

/// The first bytes of a WAL.
struct LogHeader {
    static let bytes = 32

    var pageBytes: Int
    var bigEndian: Bool
    var salt: [UInt32]
    var sums: LogSums

    /// Reads a header; nil when it is not one, or does not carry its checksum.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == LogHeader.bytes else { return nil }
        let words = (0..<8).map { word(bytes, at: $0 * 4) }
        guard words[0] & ~1 == 0x377f_0682, words[1] == 3_007_000 else { return nil }
        let pageBytes = words[2]
        guard (512...65536).contains(pageBytes), pageBytes & (pageBytes - 1) == 0 else {
            return nil
        }
        self.pageBytes = Int(pageBytes)
        bigEndian = words[0] & 1 == 1
        salt = [words[4], words[5]]
        sums = LogSums(first: words[6], second: words[7])
        let expected = LogSums(first: 0, second: 0).adding(bytes[..<24], bigEndian: bigEndian)
        guard sums == expected else { return nil }
    }
}

/// A WAL that is read frame by frame.
struct LogReader {
    let file: any File
    let header: LogHeader
    /// Whole frames in the file.
    let frameCount: Int

    /// Reads the header; nil when it is damaged.
    init?(_ file: any File, size: UInt64) throws(FileError) {
        var bytes = [UInt8](repeating: 0, count: LogHeader.bytes)
        let count = try file.read(into: &bytes, at: 0)
        guard count == LogHeader.bytes, let header = LogHeader(bytes) else { return nil }
        self.file = file
        self.header = header
        frameCount = (Int(size) - LogHeader.bytes) / (LogFrame.headerBytes + header.pageBytes)
    }

    func offset(ofFrame index: Int) -> UInt64 {
        UInt64(LogHeader.bytes + index * (LogFrame.headerBytes + header.pageBytes))
    }

    /// Whether a disk may keep a frame's page number and page count and lose the rest of its header, or the
    /// other way round: they are in two sectors.
    func isSplit(_ index: Int) -> Bool {
        (offset(ofFrame: index) + 8) % LogReader.sectorBytes == 0
    }

    /// The least that a disk writes whole.
    private static let sectorBytes: UInt64 = 512

    func frame(_ index: Int) throws(WALScanError) -> LogFrame {
        var bytes = [UInt8](repeating: 0, count: LogFrame.headerBytes + header.pageBytes)
        let count: Int
        do {
            count = try file.read(into: &bytes, at: offset(ofFrame: index))
        } catch {
            throw .unreadable(error)
        }
        guard count == bytes.count else {
            let operation = "read frame \(index)"
            throw .unreadable(FileError(kind: .device, errno: 0, operation: operation))
        }
        return LogFrame(bytes: bytes)
    }
}

/// A frame of a WAL: a header and a page.
struct LogFrame {
    static let headerBytes = 24

    let bytes: [UInt8]

    var pageNumber: UInt32 { word(bytes, at: 0) }
    /// Pages of the database after this transaction, in its last frame; 0 in the others.
    var pageCount: UInt32 { word(bytes, at: 4) }
    var isCommit: Bool { pageCount != 0 }
    var salt: [UInt32] { [word(bytes, at: 8), word(bytes, at: 12)] }
    /// The checksum it carries.
    var sums: LogSums { LogSums(first: word(bytes, at: 16), second: word(bytes, at: 20)) }

    func hasSalt(of header: LogHeader) -> Bool { salt == header.salt }

    /// Whether it is of the header's generation, even if one word of its salt was damaged.
    func belongs(to header: LogHeader) -> Bool {
        salt[0] == header.salt[0] || salt[1] == header.salt[1]
    }

    /// Whether SQLite's recovery takes it as the frame behind one that carries `sums`.
    func isValid(after sums: LogSums, in header: LogHeader) -> Bool {
        hasSalt(of: header) && pageNumber != 0
            && self.sums == content(after: sums, header)
    }

    /// The checksum that its content asks for.
    func content(after sums: LogSums, _ header: LogHeader) -> LogSums {
        sums.adding(bytes[..<8], bigEndian: header.bigEndian)
            .adding(bytes[LogFrame.headerBytes...], bigEndian: header.bigEndian)
    }

    /// Whether this frame, which is not valid after `sums`, ended a transaction before it was damaged,
    /// and `next` was written after that; `plausible` are the page counts it can have said.
    ///
    /// `next` continues either the checksum that this frame carries (its content was damaged) or the one
    /// that its content asks for (its header was), or neither (more is damaged). The checksum can be
    /// walked backwards, so where only its first eight bytes, the page number and the page count, are
    /// lost, they follow from the rest; where they may be those of an older frame (`mayBeTorn`), they alone
    /// count.
    func wasCommit(
        after sums: LogSums,
        followedBy next: LogFrame,
        in header: LogHeader,
        _ plausible: ClosedRange<UInt32>,
        mayBeTorn: Bool = false
    ) -> Bool {
        if next.isValid(after: content(after: sums, header), in: header) { return isCommit }
        guard next.hasSalt(of: header) else { return false }
        let continued = next.isValid(after: self.sums, in: header)
        let behind = continued ? self.sums : next.before(next.sums, from: 0, header)
        let middle = before(behind, from: 8, header)
        let number = middle.first &- sums.first &- sums.second
        let count = middle.second &- sums.second &- middle.first
        let (page, pages) =
            header.bigEndian ? (number, count) : (number.byteSwapped, count.byteSwapped)
        guard continued else {
            // Torn frames give two random words here, which both lie in the range by chance only.
            return (1...plausible.upperBound).contains(page) && plausible.contains(pages)
        }
        if mayBeTorn, page != pageNumber {
            // An older frame's number and count over a frame that was no commit.
            if pages == 0, (1...plausible.upperBound).contains(page) { return false }
            // More of it may be torn; but what one bit explains is rot, and then the header is right.
            if isCommit, isOneBitOff(after: sums, in: header) { return true }
            return (1...plausible.upperBound).contains(page) && plausible.contains(pages)
        }
        // A flipped top bit of a word of the page can leave the first sum as it was, and looks like
        // one of the page count then; if in doubt it was a commit, and the log is refused.
        guard page == pageNumber, pages == 0 || plausible.contains(pages) else { return isCommit }
        return pages != 0 || pageCount == LogFrame.topBit(header)
    }

    /// Whether one flipped bit of the page explains that the content does not ask for the checksum that the
    /// frame carries.
    ///
    /// The sums are linear: one more in a word adds to both what follows from its distance to the end.
    private func isOneBitOff(after sums: LogSums, in header: LogHeader) -> Bool {
        let asked = content(after: sums, header)
        let (first, second) = (self.sums.first &- asked.first, self.sums.second &- asked.second)
        func explains(_ effect: LogSums) -> Bool {
            (0..<32).contains { bit in
                let (up, down) = (UInt32(1) << bit, 0 &- UInt32(1) << bit)
                return [up, down].contains {
                    effect.first &* $0 == first && effect.second &* $0 == second
                }
            }
        }
        // Of the first and of the second word of the last pair.
        var effects = [LogSums(first: 1, second: 1), LogSums(first: 0, second: 1)]
        for _ in 0..<(bytes.count - LogFrame.headerBytes) / 8 {
            if effects.contains(where: explains) { return true }
            for index in effects.indices {
                effects[index].first &+= effects[index].second
                effects[index].second &+= effects[index].first
            }
        }
        return false
    }

    /// A page count whose only bit is the top bit of its word in the checksum.
    private static func topBit(_ header: LogHeader) -> UInt32 {
        header.bigEndian ? 1 << 31 : 1 << 7
    }

    /// What the sums were before the bytes of this frame that the checksum covers, from `start` on.
    private func before(_ sums: LogSums, from start: Int, _ header: LogHeader) -> LogSums {
        sums.removing(bytes[LogFrame.headerBytes...], bigEndian: header.bigEndian)
            .removing(bytes[start..<8], bigEndian: header.bigEndian)
    }
}

/// A big-endian word.
private func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
}
