// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Synchronization

/// A virtual file system of ours, as SQLite's callbacks see it.
///
/// Every call answers with SQLite's result code. A VFS is used by all connections opened through it,
/// from any thread; the files it opens are each used by one connection.
protocol VFS: AnyObject, Sendable {
    /// Opens a file; `memory` is where a file of the VFS below may be placed.
    func open(_ request: OpenRequest) -> OpenAnswer
    /// Removes a file, and makes that durable when `syncDirectory`.
    func delete(_ path: UnsafePointer<CChar>?, syncDirectory: Bool) -> Int32
    /// Says whether a file is there (and may be used as `flags` ask).
    func access(_ path: UnsafePointer<CChar>?, flags: Int32) -> (code: Int32, found: Bool)
    /// Writes the full path and a NUL into `buffer`.
    func fullPathname(
        _ path: UnsafePointer<CChar>?,
        into buffer: UnsafeMutableBufferPointer<CChar>
    ) -> Int32
    /// Fills `buffer` with random bytes.
    func randomness(into buffer: UnsafeMutableRawBufferPointer)
    /// Sleeps, and returns how long.
    func sleep(microseconds: Int32) -> Int32
    /// Milliseconds since 1970-01-01T00:00:00Z.
    func wallMilliseconds() -> Int64
}

/// What SQLite asks when it opens a file.
@unsafe struct OpenRequest {
    /// The path, in SQLite's own memory, with parameters behind its NUL; nil for a temporary file.
    var path: UnsafePointer<CChar>?
    var flags: Int32
    /// Where a file of the VFS below may be placed.
    var memory: UnsafeMutablePointer<sqlite3_file>
}

/// What a VFS answers to that.
struct OpenAnswer {
    var code: Int32
    var file: (any VFSFile)?
    var flags: Int32

    static func opened(_ file: any VFSFile, flags: Int32) -> OpenAnswer {
        OpenAnswer(code: SQLITE_OK, file: file, flags: flags)
    }

    static func failed(_ code: Int32) -> OpenAnswer {
        OpenAnswer(code: code, file: nil, flags: 0)
    }
}

/// What the callbacks of an open file reach.
final class FileBox {
    let file: any VFSFile

    init(_ file: any VFSFile) {
        self.file = file
    }
}

/// What the callbacks of a VFS reach; its owner unregisters before it goes.
final class VFSBox {
    unowned let vfs: any VFS

    init(_ vfs: any VFS) {
        self.vfs = vfs
    }
}

/// A VFS's entry in SQLite's list, there as long as this value.
// Safe because the memory is written in `init` only, and SQLite locks its list.
@safe final class Registration: @unchecked Sendable {
    /// The name SQLite knows it by: different for every registration of this process.
    let name: String
    /// The entry.
    let entry: UnsafeMutablePointer<sqlite3_vfs>
    private let nameBytes: UnsafeMutableBufferPointer<CChar>
    private let box: VFSBox

    private static let made = Atomic<UInt64>(0)
    /// The longest path, in bytes, with its NUL.
    static let pathBytesMax = 1024

    /// Registers `vfs`; `belowBytes` is how much memory the files of the VFS below need.
    init(_ vfs: any VFS, belowBytes: Int32) {
        SQLiteLibrary.configure()
        let number = Registration.made.add(1, ordering: .relaxed).newValue
        name = "breakwater-\(number)"
        let bytes = name.utf8CString
        unsafe nameBytes = .allocate(capacity: bytes.count)
        _ = unsafe nameBytes.initialize(from: bytes)
        box = VFSBox(vfs)
        unsafe entry = .allocate(capacity: 1)
        unsafe entry.initialize(to: sqlite3_vfs())
        unsafe entry.pointee.iVersion = 2
        unsafe entry.pointee.szOsFile =
            Int32(MemoryLayout<bw_sqlite3_file>.size) + belowBytes
        unsafe entry.pointee.mxPathname = Int32(Registration.pathBytesMax - 1)
        unsafe entry.pointee.zName = UnsafePointer(nameBytes.baseAddress)
        unsafe entry.pointee.pAppData = Unmanaged.passUnretained(box).toOpaque()
        unsafe setVFSCallbacks(&entry.pointee)
        let code = unsafe sqlite3_vfs_register(entry, 0)
        precondition(code == SQLITE_OK, "SQLite takes no VFS: \(code)")
    }

    deinit {
        unsafe sqlite3_vfs_unregister(entry)
        unsafe entry.deallocate()
        unsafe nameBytes.deallocate()
    }
}
