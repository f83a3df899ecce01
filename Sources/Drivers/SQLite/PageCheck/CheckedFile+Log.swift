// SPDX-License-Identifier: Apache-2.0

import CShims
import CSQLite
import Synchronization

extension CheckedFile {
    /// Reads from the WAL: pages must be what was written, or what recovery saw.
    ///
    /// SQLite's own frame checksums are looked at in recovery only, and its checksum cannot be
    /// changed after it computed it, so the values are kept in memory: 8 bytes for each frame.
    func readLog(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int32 {
        let code = unsafe readBelow(into: buffer, at: offset)
        let part = LogLayout.part(count: buffer.count, at: offset)
        if code == ResultCode.shortRead.rawValue, case .page(let frame) = part {
            return fail(frame, .missing)
        }
        guard code == SQLITE_OK, let base = buffer.baseAddress else { return code }
        switch part {
        case .header: return SQLITE_OK
        case .page(let frame): return unsafe verify(frame, base)
        case .frame(let frame):
            // SQLite reads a whole frame to compare its checksum, right after this, in recovery.
            let page = unsafe UnsafeRawPointer(base + LogLayout.frameHeaderBytes)
            guard facts.check(ofFrame: frame) == nil else { return unsafe verify(frame, page) }
            vfs.counters.frameReads.add(1, ordering: .relaxed)
            facts.setCheck(unsafe check(frame, page), ofFrame: frame)
            return SQLITE_OK
        case .other:
            // No version of SQLite we know does this; it must not go unchecked.
            return SQLITE_IOERR
        }
    }

    /// Writes to the WAL within its bound, and notes the check of what is written.
    func writeLog(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Int32 {
        guard offset + Int64(bytes.count) <= vfs.options.logBytesMax else {
            return ResultCode.logFull.rawValue
        }
        switch LogLayout.part(count: bytes.count, at: offset) {
        case .header: return unsafe writeBelow(bytes, at: offset)
        case .page(let frame):
            guard let base = bytes.baseAddress else { return SQLITE_IOERR }
            vfs.counters.frameWrites.add(1, ordering: .relaxed)
            facts.setCheck(nil, ofFrame: frame)
            let code = unsafe writeBelow(bytes, at: offset)
            if code == SQLITE_OK {
                facts.setCheck(unsafe check(frame, base), ofFrame: frame)
            }
            return code
        case .frame, .other: return ResultCode.ioWrite.rawValue
        }
    }

    func truncateLog(to size: Int64) -> Int32 {
        facts.keepFrames(max(0, (Int(size) - LogLayout.headerBytes) / LogLayout.frameBytes))
        return truncateBelow(to: size)
    }

    private func verify(_ frame: Int, _ page: UnsafeRawPointer) -> Int32 {
        vfs.counters.frameReads.add(1, ordering: .relaxed)
        let expected = facts.check(ofFrame: frame)
        guard unsafe expected != check(frame, page) else { return SQLITE_OK }
        return fail(frame, expected == nil ? .unknownFrame : .changed)
    }

    private func fail(_ frame: Int, _ reason: PageFailure.Reason) -> Int32 {
        let place = PageFailure.Place.log(frame: frame, page: pageNamed(byFrame: frame))
        vfs.note(PageFailure(file: path, place: place, reason: reason))
        return ResultCode.pageCheck.rawValue
    }

    /// XXH64 of the whole page, the frame's place as seed; 0 means unknown, so it becomes 1.
    private func check(_ frame: Int, _ page: UnsafeRawPointer) -> UInt64 {
        max(1, unsafe bw_xxh64(page, PageCheck.pageBytes, UInt64(frame)))
    }

    /// What the frame's header says, for the report; 0 when it cannot be read.
    private func pageNamed(byFrame frame: Int) -> UInt32 {
        var header = [UInt8](repeating: 0, count: LogLayout.frameHeaderBytes)
        let code = unsafe header.withUnsafeMutableBytes {
            unsafe readBelow(into: $0, at: LogLayout.offset(ofFrame: frame))
        }
        return code == SQLITE_OK ? header[..<4].reduce(0) { $0 << 8 | UInt32($1) } : 0
    }
}
