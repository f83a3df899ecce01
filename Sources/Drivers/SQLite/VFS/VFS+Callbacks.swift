// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// Fills in the functions SQLite calls.
@unsafe func setVFSCallbacks(_ entry: inout sqlite3_vfs) {
    unsafe entry.xOpen = vfsOpen
    unsafe entry.xDelete = vfsDelete
    unsafe entry.xAccess = vfsAccess
    unsafe entry.xFullPathname = vfsFullPathname
    unsafe entry.xRandomness = vfsRandomness
    unsafe entry.xSleep = vfsSleep
    unsafe entry.xCurrentTime = vfsCurrentTime
    unsafe entry.xGetLastError = vfsGetLastError
    unsafe entry.xCurrentTimeInt64 = vfsCurrentTimeInt64
}

private func vfs(_ entry: UnsafeMutablePointer<sqlite3_vfs>?) -> any VFS {
    guard let data = unsafe entry?.pointee.pAppData else {
        preconditionFailure("SQLite calls a VFS that was never registered")
    }
    return unsafe Unmanaged<VFSBox>.fromOpaque(data).takeUnretainedValue().vfs
}

private func vfsOpen(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ path: UnsafePointer<CChar>?,
    _ memory: UnsafeMutablePointer<sqlite3_file>?,
    _ flags: Int32,
    _ flagsOut: UnsafeMutablePointer<Int32>?
) -> Int32 {
    guard let memory = unsafe memory else { return SQLITE_MISUSE }
    // SQLite calls xClose only when the methods are set.
    unsafe memory.pointee.pMethods = nil
    let ours = unsafe UnsafeMutableRawPointer(memory)
        .assumingMemoryBound(to: bw_sqlite3_file.self)
    let below = unsafe UnsafeMutableRawPointer(ours + 1)
        .assumingMemoryBound(to: sqlite3_file.self)
    let answer = unsafe vfs(entry).open(OpenRequest(path: path, flags: flags, memory: below))
    guard let file = answer.file else { return answer.code }
    unsafe ours.pointee.object = Unmanaged.passRetained(FileBox(file)).toOpaque()
    unsafe memory.pointee.pMethods = fileMethods
    unsafe flagsOut?.pointee = answer.flags
    return SQLITE_OK
}

private func vfsDelete(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ path: UnsafePointer<CChar>?,
    _ syncDirectory: Int32
) -> Int32 {
    unsafe vfs(entry).delete(path, syncDirectory: syncDirectory != 0)
}

private func vfsAccess(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ path: UnsafePointer<CChar>?,
    _ flags: Int32,
    _ found: UnsafeMutablePointer<Int32>?
) -> Int32 {
    let answer = unsafe vfs(entry).access(path, flags: flags)
    unsafe found?.pointee = answer.found ? 1 : 0
    return answer.code
}

private func vfsFullPathname(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ path: UnsafePointer<CChar>?,
    _ count: Int32,
    _ buffer: UnsafeMutablePointer<CChar>?
) -> Int32 {
    unsafe vfs(entry).fullPathname(
        path,
        into: UnsafeMutableBufferPointer(start: buffer, count: Int(count))
    )
}

private func vfsRandomness(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ count: Int32,
    _ buffer: UnsafeMutablePointer<CChar>?
) -> Int32 {
    unsafe vfs(entry).randomness(
        into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
    )
    return count
}

private func vfsSleep(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ microseconds: Int32
) -> Int32 {
    unsafe vfs(entry).sleep(microseconds: microseconds)
}

/// Milliseconds between the Julian epoch and 1970, which SQLite counts from.
let julianMilliseconds: Int64 = 210_866_760_000_000

private func vfsCurrentTime(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ time: UnsafeMutablePointer<Double>?
) -> Int32 {
    let milliseconds = unsafe vfs(entry).wallMilliseconds() + julianMilliseconds
    unsafe time?.pointee = Double(milliseconds) / 86_400_000
    return SQLITE_OK
}

private func vfsCurrentTimeInt64(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ time: UnsafeMutablePointer<sqlite3_int64>?
) -> Int32 {
    unsafe time?.pointee = unsafe vfs(entry).wallMilliseconds() + julianMilliseconds
    return SQLITE_OK
}

private func vfsGetLastError(
    _ entry: UnsafeMutablePointer<sqlite3_vfs>?,
    _ count: Int32,
    _ buffer: UnsafeMutablePointer<CChar>?
) -> Int32 {
    0
}
