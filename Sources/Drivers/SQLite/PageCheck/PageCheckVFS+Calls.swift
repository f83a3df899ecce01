// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Platform
import Synchronization

extension PageCheckVFS: VFS {
    func open(_ request: OpenRequest) -> OpenAnswer {
        let path = unsafe request.path.map { unsafe String(cString: $0) } ?? ""
        let kind: CheckedFile.Kind =
            switch unsafe request.flags {
            case let flags where flags & SQLITE_OPEN_MAIN_DB != 0: .database
            case let flags where flags & SQLITE_OPEN_WAL != 0: .log
            default: .other
            }
        let existed = unsafe kind == .other || access(request.path, flags: 0).found
        var flagsOut: Int32 = 0
        guard let open = unsafe below.pointee.xOpen else { return .failed(SQLITE_CANTOPEN) }
        unsafe request.memory.pointee.pMethods = nil
        let code = unsafe open(below, request.path, request.memory, request.flags, &flagsOut)
        guard code == SQLITE_OK else {
            // SQLite wants a file closed whose methods are set, even when it could not be opened.
            if let methods = unsafe request.memory.pointee.pMethods {
                _ = unsafe methods.pointee.xClose?(request.memory)
            }
            return .failed(code)
        }
        let file = unsafe CheckedFile(self, kind, path, over: request.memory, isNew: !existed)
        return .opened(file, flags: flagsOut)
    }

    func delete(_ path: UnsafePointer<CChar>?, syncDirectory: Bool) -> Int32 {
        let name = unsafe path.map { unsafe String(cString: $0) } ?? ""
        forget(name)
        let code =
            unsafe below.pointee.xDelete?(below, path, syncDirectory ? 1 : 0) ?? SQLITE_IOERR
        guard syncDirectory, code == SQLITE_OK || code == ResultCode.ioSyncDirectory.rawValue else {
            return code
        }
        return synced(code, name, counters.directorySyncs)
    }

    func access(_ path: UnsafePointer<CChar>?, flags: Int32) -> (code: Int32, found: Bool) {
        var found: Int32 = 0
        let code = unsafe below.pointee.xAccess?(below, path, flags, &found) ?? SQLITE_IOERR
        return (code, found != 0)
    }

    func fullPathname(
        _ path: UnsafePointer<CChar>?,
        into buffer: UnsafeMutableBufferPointer<CChar>
    ) -> Int32 {
        unsafe below.pointee.xFullPathname?(below, path, Int32(buffer.count), buffer.baseAddress)
            ?? SQLITE_CANTOPEN
    }

    func randomness(into buffer: UnsafeMutableRawBufferPointer) {
        _ = unsafe below.pointee.xRandomness?(
            below,
            Int32(buffer.count),
            buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
        )
    }

    func sleep(microseconds: Int32) -> Int32 {
        unsafe below.pointee.xSleep?(below, microseconds) ?? 0
    }

    func wallMilliseconds() -> Int64 {
        var time: sqlite3_int64 = julianMilliseconds
        _ = unsafe below.pointee.xCurrentTimeInt64?(below, &time)
        return time - julianMilliseconds
    }

    /// Makes the name of a file durable that was just made; SQLite's `unix` swallows that error.
    func syncName(of path: String) -> Int32 {
        // A directory of Platform's syncs new names itself, in `DirectoryFile`.
        guard case .system = base, let slash = path.lastIndex(of: "/") else { return SQLITE_OK }
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        do {
            try LinuxFileSystem().directory(at: parent, .mustExist).sync()
            return synced(SQLITE_OK, path, counters.directorySyncs)
        } catch {
            return synced(ResultCode.ioSyncDirectory.rawValue, path, counters.directorySyncs)
        }
    }
}

extension PageCheckVFS {
    /// Whether what is written stays in memory and never reaches a disk.
    public var isInMemory: Bool {
        guard case .directory(let vfs) = base else { return false }
        return vfs.directory is OverlayDirectory
    }

    /// Scans the WAL of the database at `path` before it is opened; nil when there is none.
    ///
    /// Only for a database that is written with `synchronous=FULL` (`WALScan`).
    @discardableResult
    public func scanLog(of path: String) throws(WALScanError) -> WALScanResult? {
        let log = path + "-wal"
        let file: any File
        do {
            switch base {
            case .directory(let vfs):
                file = try vfs.directory.open(DirectoryVFS.name(log), .read)
            case .system:
                let slash = log.lastIndex(of: "/")
                let parent = slash.map { String(log[...$0]) } ?? "."
                let name = String(log[(slash.map { log.index(after: $0) } ?? log.startIndex)...])
                file = try LinuxFileSystem().directory(at: parent, .mustExist).open(name, .read)
            }
        } catch {
            guard error.kind == .notFound else { throw .unreadable(error) }
            return nil
        }
        return try WALScan.scan(file: file)
    }
}
