// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Synchronization

/// An open file between SQLite and the VFS below: pages get and must show their check.
@safe final class CheckedFile: VFSFile {
    /// What is checked in it.
    enum Kind {
        /// Pages, at the place their number says.
        case database
        /// Frames of a WAL.
        case log
        /// Nothing: rollback journals, temporary files.
        case other
    }

    let vfs: PageCheckVFS
    let kind: Kind
    let path: String
    let facts: SharedFacts
    /// A page of our own, to write from and to read into.
    let page: UnsafeMutableRawPointer
    private let file: UnsafeMutablePointer<sqlite3_file>
    private var nameNeedsSync: Bool

    init(
        _ vfs: PageCheckVFS,
        _ kind: Kind,
        _ path: String,
        over file: UnsafeMutablePointer<sqlite3_file>,
        isNew: Bool
    ) {
        self.vfs = vfs
        self.kind = kind
        self.path = path
        facts = kind == .other ? SharedFacts() : vfs.facts(path)
        unsafe page = .allocate(byteCount: PageCheck.pageBytes, alignment: 8)
        unsafe self.file = file
        nameNeedsSync = isNew
    }

    deinit {
        unsafe page.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int32 {
        switch kind {
        case .database: unsafe readDatabase(into: buffer, at: offset)
        case .log: unsafe readLog(into: buffer, at: offset)
        case .other: unsafe readBelow(into: buffer, at: offset)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Int32 {
        switch kind {
        case .database: unsafe writeDatabase(bytes, at: offset)
        case .log: unsafe writeLog(bytes, at: offset)
        case .other: unsafe writeBelow(bytes, at: offset)
        }
    }

    func truncate(to size: Int64) -> Int32 {
        switch kind {
        case .database: truncateDatabase(to: size)
        case .log: truncateLog(to: size)
        case .other: truncateBelow(to: size)
        }
    }

    func sync(flags: Int32) -> Int32 {
        let code = vfs.synced(
            unsafe methods.xSync?(file, flags) ?? SQLITE_IOERR,
            path,
            vfs.counters.fileSyncs
        )
        guard code == SQLITE_OK, nameNeedsSync else { return code }
        let named = vfs.syncName(of: path)
        if named == SQLITE_OK { nameNeedsSync = false }
        return named
    }

    func control(_ operation: Int32, _ argument: UnsafeMutableRawPointer?) -> Int32 {
        switch operation {
        // Growing the file ahead would leave pages without a check; mapping would go around us.
        case SQLITE_FCNTL_SIZE_HINT, SQLITE_FCNTL_CHUNK_SIZE: SQLITE_OK
        case SQLITE_FCNTL_MMAP_SIZE: SQLITE_NOTFOUND
        default: unsafe methods.xFileControl?(file, operation, argument) ?? SQLITE_NOTFOUND
        }
    }

    func deviceCharacteristics() -> Int32 {
        // Atomic batches would bypass the WAL.
        (unsafe methods.xDeviceCharacteristics?(file) ?? 0) & ~SQLITE_IOCAP_BATCH_ATOMIC
    }

    private var methods: sqlite3_io_methods {
        guard let methods = unsafe file.pointee.pMethods else {
            preconditionFailure("the file below was never opened")
        }
        return unsafe methods.pointee
    }
}

// What is passed on as it is.
extension CheckedFile {
    func close() -> Int32 {
        unsafe methods.xClose?(file) ?? SQLITE_OK
    }

    func readBelow(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int32 {
        unsafe methods.xRead?(file, buffer.baseAddress, Int32(buffer.count), offset)
            ?? SQLITE_IOERR
    }

    func writeBelow(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Int32 {
        unsafe methods.xWrite?(file, bytes.baseAddress, Int32(bytes.count), offset)
            ?? SQLITE_IOERR
    }

    func truncateBelow(to size: Int64) -> Int32 {
        unsafe methods.xTruncate?(file, size) ?? SQLITE_IOERR
    }

    func size() -> (code: Int32, bytes: Int64) {
        var bytes: sqlite3_int64 = 0
        let code = unsafe methods.xFileSize?(file, &bytes) ?? SQLITE_IOERR
        return (code, bytes)
    }

    func lock(_ level: Int32) -> Int32 {
        unsafe methods.xLock?(file, level) ?? SQLITE_IOERR
    }

    func unlock(_ level: Int32) -> Int32 {
        unsafe methods.xUnlock?(file, level) ?? SQLITE_IOERR
    }

    func checkReservedLock() -> (code: Int32, held: Bool) {
        var held: Int32 = 0
        let code = unsafe methods.xCheckReservedLock?(file, &held) ?? SQLITE_IOERR
        return (code, held != 0)
    }

    func sectorSize() -> Int32 {
        unsafe methods.xSectorSize?(file) ?? Int32(PageCheck.pageBytes)
    }

    func mapShared(
        region: Int32,
        bytes: Int32,
        extend: Int32,
        _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32 {
        unsafe methods.xShmMap?(file, region, bytes, extend, place) ?? SQLITE_IOERR
    }

    func lockShared(offset: Int32, count: Int32, flags: Int32) -> Int32 {
        unsafe methods.xShmLock?(file, offset, count, flags) ?? SQLITE_IOERR
    }

    func sharedBarrier() {
        unsafe methods.xShmBarrier?(file)
    }

    func unmapShared(delete: Int32) -> Int32 {
        unsafe methods.xShmUnmap?(file, delete) ?? SQLITE_OK
    }
}
