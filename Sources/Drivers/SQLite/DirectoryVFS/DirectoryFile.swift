// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Platform
import Synchronization

/// An open file of a directory of Platform's.
@safe final class DirectoryFile: VFSFile {
    private let file: any File
    private let name: String
    /// The directory, as long as the file's name in it was never synced.
    private var unsyncedDirectory: (any Directory)?
    private let database: SharedDatabase
    private var buffer: [UInt8] = []
    private var mapped = false

    init(
        _ file: any File,
        in unsyncedDirectory: (any Directory)?,
        named name: String,
        _ database: SharedDatabase
    ) {
        self.file = file
        self.name = name
        self.unsyncedDirectory = unsyncedDirectory
        self.database = database
    }

    private var holder: ObjectIdentifier { ObjectIdentifier(self) }

    func close() -> Int32 {
        if mapped { database.leaveMemory(holder) }
        _ = database.unlock(holder, SQLITE_LOCK_NONE)
        return SQLITE_OK
    }

    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int32 {
        if buffer.count != target.count { buffer = [UInt8](repeating: 0, count: target.count) }
        do {
            let count = try file.read(into: &buffer, at: UInt64(offset))
            unsafe target.copyBytes(from: buffer[..<count])
            guard count < target.count else { return SQLITE_OK }
            unsafe target[count...].initializeMemory(as: UInt8.self, repeating: 0)
            return ResultCode.shortRead.rawValue
        } catch {
            return code(error, otherwise: ResultCode.ioRead.rawValue)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Int32 {
        do {
            let bytes = unsafe bytes.bindMemory(to: UInt8.self)
            try file.write(unsafe bytes.span, at: UInt64(offset))
            return SQLITE_OK
        } catch {
            return code(error, otherwise: ResultCode.ioWrite.rawValue)
        }
    }

    func truncate(to size: Int64) -> Int32 {
        do {
            try file.truncate(to: UInt64(size))
            return SQLITE_OK
        } catch {
            return code(error, otherwise: ResultCode.ioTruncate.rawValue)
        }
    }

    func sync(flags: Int32) -> Int32 {
        do {
            try file.sync()
        } catch {
            return ResultCode.ioSync.rawValue
        }
        do {
            try unsyncedDirectory?.sync()
            unsyncedDirectory = nil
            return SQLITE_OK
        } catch {
            return ResultCode.ioSyncDirectory.rawValue
        }
    }

    func size() -> (code: Int32, bytes: Int64) {
        do {
            return (SQLITE_OK, Int64(try file.size()))
        } catch {
            return (code(error, otherwise: ResultCode.ioSize.rawValue), 0)
        }
    }

    func lock(_ level: Int32) -> Int32 {
        database.lock(holder, level)
    }

    func unlock(_ level: Int32) -> Int32 {
        database.unlock(holder, level)
    }

    func checkReservedLock() -> (code: Int32, held: Bool) {
        (SQLITE_OK, database.isReserved)
    }

    func control(_ operation: Int32, _ argument: UnsafeMutableRawPointer?) -> Int32 {
        SQLITE_NOTFOUND
    }

    func sectorSize() -> Int32 {
        4096
    }

    func deviceCharacteristics() -> Int32 {
        // As SQLite's `unix`: a torn write damages nothing outside of what it wrote.
        SQLITE_IOCAP_POWERSAFE_OVERWRITE
    }

    func mapShared(
        region: Int32,
        bytes: Int32,
        extend: Int32,
        _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32 {
        mapped = true
        unsafe place?.pointee = unsafe database.memory(
            holder,
            region: Int(region),
            bytes: Int(bytes),
            extend: extend != 0
        )
        return SQLITE_OK
    }

    func lockShared(offset: Int32, count: Int32, flags: Int32) -> Int32 {
        database.lockMemory(holder, Int(offset)..<Int(offset + count), flags)
    }

    func sharedBarrier() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    func unmapShared(delete: Int32) -> Int32 {
        database.leaveMemory(holder)
        mapped = false
        return SQLITE_OK
    }
}
