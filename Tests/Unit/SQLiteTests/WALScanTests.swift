// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import SQLite

/// S1 of the histories: one flipped bit in the WAL lost 201 of 300 acknowledged commits, and
/// `integrity_check` said "ok" (I3).
@Suite struct `A scan of the log` {
    private static let pageBytes = 512
    private static let frameBytes = 512 + 24

    /// A WAL of pages of 512 bytes, with what is left of an older generation behind its end.
    private struct Log {
        var bytes: [UInt8]
        var database: [UInt8]
        /// Frames of each transaction.
        var ends: [Int]
        var frames: Int { ends.last ?? 0 }
    }

    private func makeLog(transactions: Int64 = 10, older: Int64 = 0) throws -> Log {
        let scratch = try Scratch()
        let path = scratch.file("a")
        let connection = try Connection(path: path, mode: .createIfMissing)
        try connection.execute("PRAGMA page_size=512")
        try connection.useWriteAheadLog()
        try connection.setSynchronous(.full)
        connection.setAutomaticCheckpoint(frames: 0)
        try Example.makeTables(connection)
        for step in 0..<older {
            try Example.add(10_000 + step * 9...10_004 + step * 9, step: step, connection)
        }
        try connection.checkpoint(.restart)
        // A reader of the first transaction keeps the log from beginning anew.
        let reader = try Connection(path: path, mode: .readOnly)
        var ends: [Int] = []
        for step in 1...transactions {
            // Of one frame, and of many.
            if step % 3 == 0 {
                try connection.execute("UPDATE row SET step = \(step) WHERE id = 10")
            } else {
                try Example.add(step * 10...step * 10 + step % 5, step: step, connection)
            }
            if step == 1 {
                try reader.beginRead()
                _ = try Example.rows(reader)
            }
            ends.append(try connection.checkpoint(.passive).frames)
        }
        return Log(bytes: try scratch.bytes("a-wal"), database: try scratch.bytes("a"), ends: ends)
    }

    private func scan(_ bytes: [UInt8]) throws(WALScanError) -> WALScanResult {
        let file = MemoryFile(MemoryBudget(bytesMax: 1 << 24))
        do {
            try file.write(bytes.span, at: 0)
        } catch {
            Issue.record("\(error)")
        }
        return try WALScan.scan(file: file)
    }

    /// The last transaction that SQLite finds, without any check of ours.
    private func lastStep(_ log: Log, _ bytes: [UInt8]) throws -> Int64 {
        let scratch = try Scratch()
        try scratch.write(log.database, to: "a")
        try scratch.write(bytes, to: "a-wal")
        let connection = try Connection(path: scratch.file("a"), mode: .readWrite)
        return try connection.prepare("SELECT max(step) FROM row WHERE id < 10000").first {
            $0.integer(0)
        } ?? -1
    }

    private func flipped(_ bytes: [UInt8], byte: Int, bit: Int) -> [UInt8] {
        var bytes = bytes
        bytes[byte] ^= 1 << UInt8(bit)
        return bytes
    }

    @Test func `finds nothing wrong with a log that is whole`() throws {
        for older in [Int64(0), 1, 30] {
            let log = try makeLog(older: older)
            #expect(Set(zip(log.ends, log.ends.dropFirst()).map { $1 - $0 }).count > 1)
            let result = try scan(log.bytes)
            #expect(
                result
                    == WALScanResult(
                        frames: log.frames,
                        transactions: 10,
                        end: .commit,
                        bytes: UInt64(32 + log.frames * Self.frameBytes)
                    )
            )
            #expect((log.bytes.count - 32) / Self.frameBytes > log.frames || older < 30)
            #expect(try lastStep(log, log.bytes) == 10, "\(older)")
        }
    }

    @Test func `finds nothing to lose in a log without a frame`() throws {
        let log = try makeLog(transactions: 1)
        for count in [0, 1, 31, 32] {
            let result = try scan(Array(log.bytes[..<count]))
            let bytes = UInt64(count)
            #expect(
                result == WALScanResult(frames: 0, transactions: 0, end: .commit, bytes: bytes)
            )
        }
    }

    /// Every bit of every frame's header, and bits all over its page: flips in any transaction but the
    /// last are refused by the number of the frame, flips in the last cost that transaction alone, and
    /// flips behind the end cost nothing.
    @Test(arguments: [Int64(0), 12])
    func `refuses each flipped bit but those of the last transaction`(older: Int64) throws {
        let log = try makeLog(transactions: 7, older: older)
        let lastBegins = log.ends[log.ends.count - 2]
        let inHeader = (0..<24).flatMap { byte in (0..<8).map { (byte: byte, bit: $0) } }
        let inPage = stride(from: 24, to: Self.frameBytes, by: 37).map { (byte: $0, bit: $0 % 8) }
        let count = (log.bytes.count - 32) / Self.frameBytes
        for frame in 0..<min(count, log.frames + 2) {
            for (byte, bit) in inHeader + inPage {
                let offset = 32 + frame * Self.frameBytes
                let bytes = flipped(log.bytes, byte: offset + byte, bit: bit)
                let label = Comment("frame \(frame) byte \(byte) bit \(bit)")
                do throws(WALScanError) {
                    let result = try scan(bytes)
                    #expect(frame >= lastBegins, label)
                    let isLast = frame < log.frames
                    #expect(result.frames == (isLast ? lastBegins : log.frames), label)
                    #expect(result.transactions == (isLast ? 6 : 7), label)
                    if isLast { #expect(result.end == .torn(frame: lastBegins), label) }
                } catch {
                    // A top bit of a page can look like that of the page count, of a commit therefore.
                    if frame >= lastBegins, frame < log.frames - 1, bit == 7 { continue }
                    #expect(frame < lastBegins, label)
                    guard case .frameDamaged(frame, UInt64(offset), let later) = error else {
                        Issue.record(error, label)
                        continue
                    }
                    #expect(later > frame && later <= lastBegins, label)
                }
            }
        }
    }

    @Test func `refuses each flipped bit of the header`() throws {
        let log = try makeLog()
        for byte in 0..<32 {
            for bit in 0..<8 {
                #expect(throws: WALScanError.headerDamaged) {
                    try scan(flipped(log.bytes, byte: byte, bit: bit))
                }
            }
        }
    }

    @Test func `agrees with SQLite on what is there`() throws {
        let log = try makeLog()
        var accepted = 0
        for byte in stride(from: 32 + 17, to: log.bytes.count, by: 311) {
            let bytes = flipped(log.bytes, byte: byte, bit: byte % 8)
            guard let result = try? scan(bytes) else {
                // What is refused would have been silently short.
                #expect(try lastStep(log, bytes) < 9)
                continue
            }
            accepted += 1
            #expect(try lastStep(log, bytes) == Int64(result.transactions))
        }
        #expect(accepted > 0)
    }

    /// A torn write leaves any part of the last transaction's sectors, and that must open.
    @Test func `takes every torn end of the last transaction`() throws {
        for older in [Int64(0), 30] {
            let whole = try makeLog(older: older)
            let start = 32 + whole.ends[whole.ends.count - 2] * Self.frameBytes
            let end = 32 + whole.frames * Self.frameBytes
            let before = try makeLog(transactions: 9, older: older)
            // What lay there before: nothing, or an older generation.
            let old = before.bytes + [UInt8](repeating: 0, count: 1 << 16)
            let sectors = Array(stride(from: start / 512 * 512, to: end, by: 512))
            var random = SeededGenerator(seed: UInt64(older) + 1)
            for _ in 0..<200 {
                var bytes = whole.bytes
                for sector in sectors where Bool.random(using: &random) {
                    for at in max(sector, start)..<min(sector + 512, end) {
                        // The salts differ from run to run, so the older generation is marked so.
                        bytes[at] = older == 0 ? 0 : old[at] &+ 1
                    }
                }
                let result = try scan(bytes)
                #expect(result.transactions >= 9)
            }
            for cut in stride(from: start, through: end, by: 101) where older == 0 {
                #expect(try scan(Array(whole.bytes[..<cut])).transactions >= 9)
            }
        }
    }

    /// A frame's header in two sectors: what it says of a commit may be what an older frame said.
    @Test func `takes a torn frame for no commit whose header lies in two sectors`() throws {
        // Frames of 536 bytes: those of numbers 41 and 105 have their first 8 bytes at the end of a sector.
        var found: (log: Log, begins: Int, split: Int)?
        for transactions in Int64(10)...40 where found == nil {
            let log = try makeLog(transactions: transactions)
            let begins = log.ends[log.ends.count - 2]
            for split in [41, 105] where begins < split && split < log.frames - 1 {
                found = (log, begins, split)
            }
        }
        let (log, begins, split) = try #require(found)
        try #require((32 + split * Self.frameBytes + 8) % 512 == 0)
        for isTornBefore in [false, true] {
            var bytes = log.bytes
            let offset = 32 + split * Self.frameBytes
            // Of an older frame: another page, and a commit.
            bytes[offset + 3] ^= 1
            bytes[offset + 7] = 9
            if isTornBefore { bytes[offset - 100] ^= 0xFF }
            let result = try scan(bytes)
            #expect(result.transactions == log.ends.count - 1)
            #expect(result.end == .torn(frame: begins))
        }
        // Whatever an older commit said: in small files it differs by as much as one bit of the page can make.
        for page in 1...60 as ClosedRange<UInt8> {
            for count in stride(from: UInt8(1), through: 60, by: 3) {
                var bytes = log.bytes
                let offset = 32 + split * Self.frameBytes
                (bytes[offset + 3], bytes[offset + 7]) = (page, count)
                let result = try scan(bytes)
                #expect(result.end == .torn(frame: begins), "page \(page) of \(count)")
            }
        }
    }

    /// The same place, and a commit: that more of it is torn, and that it rots, look alike but for one bit.
    @Test func `refuses a flipped bit in the page of a commit whose header lies in two sectors`()
        throws
    {
        var found: (log: Log, split: Int)?
        for transactions in Int64(10)...120 where found == nil {
            let log = try makeLog(transactions: transactions)
            // All whose first 8 bytes are at the end of a sector.
            for split in stride(from: 41, to: log.frames, by: 64)
            where log.ends.dropLast().last == split + 1 {
                found = (log, split)
            }
        }
        let (log, split) = try #require(found)
        let offset = 32 + split * Self.frameBytes
        for byte in 24..<Self.frameBytes {
            let bytes = flipped(log.bytes, byte: offset + byte, bit: byte % 8)
            #expect(throws: WALScanError.self, "byte \(byte)") { try scan(bytes) }
        }
        // A sector of it that did not reach the disk is no rot, as far as one can tell.
        var bytes = log.bytes
        for byte in 200..<512 { bytes[offset + byte] = UInt8(truncatingIfNeeded: byte &* 7) }
        #expect(try scan(bytes).transactions == log.ends.count - 2)
    }

    @Test func `refuses a commit whose frame's header is lost`() throws {
        let log = try makeLog()
        for frame in log.ends.dropLast().map({ $0 - 1 }) {
            for filler in [UInt8(0), 0xA5] {
                var bytes = log.bytes
                let offset = 32 + frame * Self.frameBytes
                for at in offset..<offset + 24 { bytes[at] = filler }
                #expect(throws: WALScanError.self, "frame \(frame)") { try scan(bytes) }
            }
        }
    }

    @Test func `refuses a log that is longer than any of ours`() throws {
        let log = try makeLog()
        let file = MemoryFile(MemoryBudget(bytesMax: 1 << 24))
        try file.write(log.bytes.span, at: 0)
        let size = UInt64(log.bytes.count)
        #expect(throws: WALScanError.tooLong(bytes: size, bytesMax: size - 1)) {
            try WALScan.scan(file: file, bytesMax: size - 1)
        }
    }

    /// Two crashes in a row leave parts of two torn transactions behind one another.
    @Test func `takes what two torn ends left behind each other`() throws {
        let log = try makeLog(transactions: 6)
        let scratch = try Scratch()
        try scratch.write(log.database, to: "a")
        // The last transaction loses its first frame, its commit stays.
        let begins = log.ends[log.ends.count - 2]
        #expect(log.frames - begins > 1 || log.frames - begins == 1)
        var bytes = log.bytes
        for at in 32 + begins * Self.frameBytes..<32 + begins * Self.frameBytes + 24 {
            bytes[at] = 0
        }
        try scratch.write(bytes, to: "a-wal")
        let connection = try Connection(path: scratch.file("a"), mode: .readWrite)
        connection.setCheckpointOnClose(.leaveLog)
        try connection.setSynchronous(.full)
        #expect(
            try connection.prepare("SELECT max(step) FROM row WHERE id < 10000").first {
                $0.integer(0)
            } == 5
        )
        try connection.execute("UPDATE row SET step = 7 WHERE id = 10")
        let after = try scratch.bytes("a-wal")
        let result = try scan(after)
        #expect(result.transactions == 6)
    }
}

/// A generator that follows from a seed (splitmix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
