// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Synchronization

/// An open file of a VFS of ours; every call answers with SQLite's result code.
protocol VFSFile: AnyObject {
    func close() -> Int32
    /// Fills `buffer`; past the end of the file with zeros and SQLITE_IOERR_SHORT_READ.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int32
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Int32
    func truncate(to size: Int64) -> Int32
    func sync(flags: Int32) -> Int32
    func size() -> (code: Int32, bytes: Int64)
    func lock(_ level: Int32) -> Int32
    func unlock(_ level: Int32) -> Int32
    func checkReservedLock() -> (code: Int32, held: Bool)
    func control(_ operation: Int32, _ argument: UnsafeMutableRawPointer?) -> Int32
    func sectorSize() -> Int32
    func deviceCharacteristics() -> Int32
    func mapShared(
        region: Int32,
        bytes: Int32,
        extend: Int32,
        _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32
    func lockShared(offset: Int32, count: Int32, flags: Int32) -> Int32
    func sharedBarrier()
    func unmapShared(delete: Int32) -> Int32
}

/// The functions SQLite calls on an open file.
///
/// Version 2: without xFetch, so nothing is ever mapped.
// Safe because it is written here, once, and only read afterwards; it is never freed.
nonisolated(unsafe) let fileMethods: UnsafePointer<sqlite3_io_methods> = {
    let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    unsafe methods.initialize(to: sqlite3_io_methods())
    unsafe methods.pointee.iVersion = 2
    unsafe methods.pointee.xClose = fileClose
    unsafe methods.pointee.xRead = { unsafe fileRead($0, $1, $2, $3) }
    unsafe methods.pointee.xWrite = { unsafe fileWrite($0, $1, $2, $3) }
    unsafe methods.pointee.xTruncate = { unsafe file($0).truncate(to: $1) }
    unsafe methods.pointee.xSync = { unsafe file($0).sync(flags: $1) }
    unsafe methods.pointee.xFileSize = { unsafe fileSize($0, $1) }
    unsafe methods.pointee.xLock = { unsafe file($0).lock($1) }
    unsafe methods.pointee.xUnlock = { unsafe file($0).unlock($1) }
    unsafe methods.pointee.xCheckReservedLock = { unsafe fileReserved($0, $1) }
    unsafe methods.pointee.xFileControl = { unsafe file($0).control($1, $2) }
    unsafe methods.pointee.xSectorSize = { unsafe file($0).sectorSize() }
    unsafe methods.pointee.xDeviceCharacteristics = { unsafe file($0).deviceCharacteristics() }
    unsafe methods.pointee.xShmMap = { unsafe fileMapShared($0, $1, $2, $3, $4) }
    unsafe methods.pointee.xShmLock = {
        unsafe file($0).lockShared(offset: $1, count: $2, flags: $3)
    }
    unsafe methods.pointee.xShmBarrier = { unsafe file($0).sharedBarrier() }
    unsafe methods.pointee.xShmUnmap = { unsafe file($0).unmapShared(delete: $1) }
    return unsafe UnsafePointer(methods)
}()

private func box(_ memory: UnsafeMutablePointer<sqlite3_file>?) -> Unmanaged<FileBox> {
    guard let memory = unsafe memory,
        let object = unsafe UnsafeMutableRawPointer(memory)
            .assumingMemoryBound(to: bw_sqlite3_file.self).pointee.object
    else { preconditionFailure("SQLite calls a file that was never opened") }
    return unsafe Unmanaged<FileBox>.fromOpaque(object)
}

private func file(_ memory: UnsafeMutablePointer<sqlite3_file>?) -> any VFSFile {
    unsafe box(memory).takeUnretainedValue().file
}

private func fileClose(_ memory: UnsafeMutablePointer<sqlite3_file>?) -> Int32 {
    // The one place where the reference taken in `vfsOpen` is given back.
    unsafe box(memory).takeRetainedValue().file.close()
}

private func fileRead(
    _ memory: UnsafeMutablePointer<sqlite3_file>?,
    _ buffer: UnsafeMutableRawPointer?,
    _ count: Int32,
    _ offset: sqlite3_int64
) -> Int32 {
    unsafe file(memory).read(
        into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)),
        at: offset
    )
}

private func fileWrite(
    _ memory: UnsafeMutablePointer<sqlite3_file>?,
    _ bytes: UnsafeRawPointer?,
    _ count: Int32,
    _ offset: sqlite3_int64
) -> Int32 {
    unsafe file(memory).write(
        UnsafeRawBufferPointer(start: bytes, count: Int(count)),
        at: offset
    )
}

private func fileSize(
    _ memory: UnsafeMutablePointer<sqlite3_file>?,
    _ bytes: UnsafeMutablePointer<sqlite3_int64>?
) -> Int32 {
    let answer = unsafe file(memory).size()
    unsafe bytes?.pointee = answer.bytes
    return answer.code
}

private func fileReserved(
    _ memory: UnsafeMutablePointer<sqlite3_file>?,
    _ held: UnsafeMutablePointer<Int32>?
) -> Int32 {
    let answer = unsafe file(memory).checkReservedLock()
    unsafe held?.pointee = answer.held ? 1 : 0
    return answer.code
}

private func fileMapShared(
    _ memory: UnsafeMutablePointer<sqlite3_file>?,
    _ region: Int32,
    _ bytes: Int32,
    _ extend: Int32,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int32 {
    unsafe file(memory).mapShared(region: region, bytes: bytes, extend: extend, place)
}
