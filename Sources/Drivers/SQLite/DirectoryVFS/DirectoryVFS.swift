// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Glibc
public import Platform
import Synchronization

/// A VFS whose files are those of one directory of Platform's, for one process.
///
/// A database's path is a name in that directory (`./` may stand before it). Locks and the WAL's index are in this process's
/// memory, shared by all connections opened through this VFS, so nobody else may use the files
/// meanwhile. Time and chance come from the world, SQLite's own generator excepted
/// (`SQLiteLibrary.seed`).
public final class DirectoryVFS: Sendable {
    let directory: any Directory
    private let clocks: any Clocks
    private let random: any RandomSource
    private let wait: Wait
    private let temporary = MemoryBudget(bytesMax: DirectoryVFS.memoryBytesMaxDefault)
    private let databases = Mutex<[String: SharedDatabase]>([:])
    private let registration = OnceCell()

    /// Lets microseconds pass, in which another connection can go on.
    public typealias Wait = @Sendable (_ microseconds: UInt32) -> Void
    /// Where connections run on threads: SQLite asks again a hundred times, ten seconds in all with
    /// these waits between, and within a moment without them, in which a thread that holds a lock and
    /// is not running cannot give it back (SQLITE_PROTOCOL).
    public static let sleeping: Wait = { usleep($0) }
    /// Where all connections run on one thread, as in a simulation: nobody else can run meanwhile.
    public static let passingNoTime: Wait = { _ in }

    /// Makes and registers one.
    public init(
        _ directory: any Directory,
        clocks: any Clocks,
        random: any RandomSource,
        wait: @escaping Wait = sleeping
    ) {
        self.directory = directory
        self.clocks = clocks
        self.random = random
        self.wait = wait
        registration.set(Registration(self, belowBytes: 0))
    }

    /// The name SQLite knows it by.
    var name: String { registration.value.name }

    /// Its entry in SQLite's list.
    var entry: UnsafeMutablePointer<sqlite3_vfs> { unsafe registration.value.entry }

    /// What all connections to a database share.
    func shared(_ name: String) -> SharedDatabase {
        databases.withLock {
            if let known = $0[name] { return known }
            let made = SharedDatabase()
            $0[name] = made
            return made
        }
    }
}

extension DirectoryVFS: VFS {
    func open(_ request: OpenRequest) -> OpenAnswer {
        guard let path = unsafe request.path else {
            let file = DirectoryFile(MemoryFile(temporary), in: nil, named: "", SharedDatabase())
            return unsafe .opened(file, flags: request.flags)
        }
        let name = unsafe String(cString: path)
        let flags = unsafe request.flags
        do {
            let (file, isNew, isReadOnly) = try openFile(name, flags)
            let database =
                flags & SQLITE_OPEN_MAIN_DB != 0 ? shared(name) : SharedDatabase()
            let open = DirectoryFile(file, in: isNew ? directory : nil, named: name, database)
            if flags & SQLITE_OPEN_DELETEONCLOSE != 0 { try directory.remove(name) }
            let writable = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            return .opened(
                open,
                flags: isReadOnly ? flags & ~writable | SQLITE_OPEN_READONLY : flags
            )
        } catch {
            return .failed(code(error, otherwise: SQLITE_CANTOPEN))
        }
    }

    /// Opens a file as `flags` ask; one that may only be read is opened so, as SQLite's `unix` does.
    private func openFile(
        _ name: String,
        _ flags: Int32
    ) throws(FileError) -> (file: any File, isNew: Bool, isReadOnly: Bool) {
        if flags & SQLITE_OPEN_READWRITE == 0 {
            return (try directory.open(name, .read), false, true)
        }
        if flags & SQLITE_OPEN_EXCLUSIVE != 0 {
            return (try directory.open(name, .createNew), true, false)
        }
        do {
            return (try directory.open(name, .write), false, false)
        } catch {
            switch error.kind {
            case .notFound where flags & SQLITE_OPEN_CREATE != 0:
                return (try directory.open(name, .createNew), true, false)
            case .readOnly, .denied:
                return (try directory.open(name, .read), false, true)
            default: throw error
            }
        }
    }

    func delete(_ path: UnsafePointer<CChar>?, syncDirectory: Bool) -> Int32 {
        guard let path = unsafe path else { return SQLITE_MISUSE }
        do {
            try directory.remove(unsafe String(cString: path))
        } catch {
            return error.kind == .notFound
                ? ResultCode.ioDeleteMissing.rawValue : ResultCode.ioDelete.rawValue
        }
        guard syncDirectory else { return SQLITE_OK }
        do {
            try directory.sync()
            return SQLITE_OK
        } catch {
            return ResultCode.ioSyncDirectory.rawValue
        }
    }

    func access(_ path: UnsafePointer<CChar>?, flags: Int32) -> (code: Int32, found: Bool) {
        guard let path = unsafe path else { return (SQLITE_MISUSE, false) }
        let mode: OpenMode = flags == SQLITE_ACCESS_READWRITE ? .write : .read
        do {
            let file = try directory.open(unsafe String(cString: path), mode)
            // An empty journal is none: SQLite's `unix` says so too.
            return (SQLITE_OK, flags == SQLITE_ACCESS_EXISTS ? try file.size() > 0 : true)
        } catch {
            switch error.kind {
            case .notFound, .denied, .readOnly: return (SQLITE_OK, false)
            default: return (ResultCode.ioAccess.rawValue, false)
            }
        }
    }

    func fullPathname(
        _ path: UnsafePointer<CChar>?,
        into buffer: UnsafeMutableBufferPointer<CChar>
    ) -> Int32 {
        guard let path = unsafe path else { return SQLITE_CANTOPEN }
        let name = Array(unsafe DirectoryVFS.name(String(cString: path)).utf8CString)
        guard name.count <= buffer.count else { return SQLITE_CANTOPEN }
        _ = unsafe buffer.update(fromContentsOf: name)
        return SQLITE_OK
    }

    /// The name in this directory that a path means: its last component, whatever directory it names.
    static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    func randomness(into buffer: UnsafeMutableRawBufferPointer) {
        unsafe buffer.copyBytes(from: random.bytes(buffer.count))
    }

    func sleep(microseconds: Int32) -> Int32 {
        wait(UInt32(clamping: microseconds))
        return microseconds
    }

    func wallMilliseconds() -> Int64 {
        Int64(clocks.wallMilliseconds())
    }
}

/// SQLite's code for a failed call to a file.
func code(_ error: FileError, otherwise: Int32) -> Int32 {
    switch error.kind {
    case .noSpace: SQLITE_FULL
    case .readOnly: SQLITE_READONLY
    case .denied: SQLITE_PERM
    case .notFound, .exists, .badName, .tooManyOpen: SQLITE_CANTOPEN
    case .device, .other: otherwise
    }
}
