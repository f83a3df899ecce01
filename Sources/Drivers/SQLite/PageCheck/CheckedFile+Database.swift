// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Synchronization

#if SABOTAGE
import Platform
#endif

extension CheckedFile {
    /// Reads whole pages, checked, or a part of one.
    func readDatabase(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int32 {
        let (index, start) = Int(offset).quotientAndRemainder(dividingBy: PageCheck.pageBytes)
        if index == 0, start + buffer.count <= PageCheck.headerBytes {
            return unsafe readHeader(into: buffer, at: offset)
        }
        guard let number = UInt32(exactly: index + 1),
            start + buffer.count <= PageCheck.pageBytes
        else { return SQLITE_IOERR }
        if start == 0, buffer.count == PageCheck.pageBytes, let base = buffer.baseAddress {
            return unsafe readPage(number, into: base)
        }
        let code = unsafe readPage(number, into: page)
        let part = unsafe UnsafeRawBufferPointer(start: page + start, count: buffer.count)
        if code == SQLITE_OK || code == ResultCode.shortRead.rawValue {
            unsafe buffer.copyMemory(from: part)
        }
        return code
    }

    /// Reads from the first 100 bytes, which SQLite looks at before it reads page 1 itself.
    ///
    /// They are compared with what must stand there, but their page is not checked: a checkpoint that
    /// was cut off may have torn page 1, which is whole in the WAL then. Nothing is decided on them.
    private func readHeader(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) -> Int32 {
        let code = unsafe readBelow(into: buffer, at: offset)
        guard code == SQLITE_OK, offset == 0, buffer.count == PageCheck.headerBytes,
            let header = buffer.baseAddress
        else { return code }
        guard unsafe PageCheck.headerFits(header) else {
            return fail(.withoutChecks, page: 1, SQLITE_NOTADB)
        }
        facts.pageCount = unsafe PageCheck.pageCount(header)
        return SQLITE_OK
    }

    private func readPage(_ number: UInt32, into base: UnsafeMutableRawPointer) -> Int32 {
        let target = unsafe UnsafeMutableRawBufferPointer(
            start: base,
            count: PageCheck.pageBytes
        )
        vfs.counters.pageReads.add(1, ordering: .relaxed)
        let code = unsafe readBelow(into: target, at: offset(of: number))
        if code == ResultCode.shortRead.rawValue {
            // Past the end are pages that were never written, unless page 1 says they were.
            return number <= facts.pageCount ? fail(.missing, page: number) : code
        }
        guard code == SQLITE_OK else { return code }
        guard unsafe PageCheck.holds(base, number: number) else {
            #if SABOTAGE
            if Sabotage.makes("usesPagesThatFailTheirCheck") { return SQLITE_OK }
            #endif
            return fail(.changed, page: number)
        }
        if number == 1 { facts.pageCount = unsafe PageCheck.pageCount(base) }
        return SQLITE_OK
    }

    /// Writes one page with its check, and the pages before it that were never written.
    func writeDatabase(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Int32 {
        let (index, start) = Int(offset).quotientAndRemainder(dividingBy: PageCheck.pageBytes)
        guard start == 0, bytes.count == PageCheck.pageBytes,
            let number = UInt32(exactly: index + 1), let base = bytes.baseAddress
        else { return refuseWithoutChecks() }
        if number == 1 {
            guard unsafe PageCheck.headerFits(base) else { return refuseWithoutChecks() }
            facts.pageCount = unsafe PageCheck.pageCount(base)
        }
        let filled = fill(upTo: number)
        guard filled == SQLITE_OK else { return filled }
        unsafe page.copyMemory(from: base, byteCount: PageCheck.coveredBytes)
        return writePage(number)
    }

    /// Cuts the file, or extends it with blank pages that carry their check.
    func truncateDatabase(to size: Int64) -> Int32 {
        let (count, rest) = Int(size).quotientAndRemainder(dividingBy: PageCheck.pageBytes)
        guard rest == 0, let next = UInt32(exactly: count + 1) else { return SQLITE_IOERR }
        let filled = fill(upTo: next)
        return filled == SQLITE_OK ? truncateBelow(to: size) : filled
    }

    /// Writes blank pages from the end of the file up to, but not with, page `number`.
    private func fill(upTo number: UInt32) -> Int32 {
        let (code, bytes) = size()
        guard code == SQLITE_OK else { return code }
        var next = UInt32(Int(bytes) / PageCheck.pageBytes + 1)
        while next < number {
            unsafe page.initializeMemory(as: UInt8.self, repeating: 0, count: PageCheck.pageBytes)
            let written = writePage(next)
            guard written == SQLITE_OK else { return written }
            next += 1
        }
        return SQLITE_OK
    }

    /// Writes `page` as page `number`.
    private func writePage(_ number: UInt32) -> Int32 {
        unsafe PageCheck.put(into: page, number: number)
        vfs.counters.pageWrites.add(1, ordering: .relaxed)
        let bytes = unsafe UnsafeRawBufferPointer(start: page, count: PageCheck.pageBytes)
        return unsafe writeBelow(bytes, at: offset(of: number))
    }

    private func offset(of number: UInt32) -> Int64 {
        Int64(number - 1) * Int64(PageCheck.pageBytes)
    }

    private func refuseWithoutChecks() -> Int32 {
        fail(.withoutChecks, page: 1, ResultCode.ioWrite.rawValue)
    }

    private func fail(
        _ reason: PageFailure.Reason,
        page: UInt32,
        _ code: Int32 = ResultCode.pageCheck.rawValue
    ) -> Int32 {
        vfs.note(PageFailure(file: path, place: .database(page: page), reason: reason))
        return code
    }
}
