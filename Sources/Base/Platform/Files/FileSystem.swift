// SPDX-License-Identifier: Apache-2.0

/// Disks as the rest of the code sees them: directories held open, and calls relative to them.
///
/// Every call may block; call it from a thread where that is allowed. Names are single components:
/// an adapter refuses `/`, `.`, `..` and NUL, so that no path can leave its directory.
public protocol FileSystem: Sendable {
    /// Opens the directory at `path`, made first (with its parents, mode 0700) when `presence` says so.
    ///
    /// One that may be made and is empty has a durable name when it is returned: whoever made it may
    /// have died before he synced the directories above.
    func directory(at path: String, _ presence: Presence) throws(FileError) -> any Directory
}

/// Whether a missing directory is made.
public enum Presence: Sendable {
    case mustExist
    case createIfMissing
}

/// How a file is opened.
public enum OpenMode: Sendable {
    /// Existing, for reading.
    case read
    /// Existing, for reading what the disk has: not from the system's cache, and leaving that as it is.
    ///
    /// Where the file system cannot, the system reads as ever and is told that it need not keep it.
    case readPastCaches
    /// Existing, for reading and writing.
    case write
    /// For reading and writing, made (mode 0600) when missing.
    case writeOrCreate
    /// For reading and writing, made (mode 0600); an existing one is `FileError.Kind.exists`.
    case createNew
}

/// A directory that is held open.
public protocol Directory: AnyObject, Sendable {
    /// Opens the file `name`.
    func open(_ name: String, _ mode: OpenMode) throws(FileError) -> any File
    /// Opens the directory `name` in this one. Making one is durable only after `sync`.
    func directory(_ name: String, _ presence: Presence) throws(FileError) -> any Directory
    /// Returns up to `limit` names greater than `after` in byte order, without `.` and `..`.
    func names(after: String, limit: Int) throws(FileError) -> [String]
    /// Renames a file of this directory into `target`, replacing what is there; durable only after
    /// `target` is synced. Where that is another name of the same file, both names stay.
    func rename(_ name: String, to target: any Directory, as newName: String) throws(FileError)
    /// Gives a file of this directory another name, in `target`, that must be free (`.exists`); durable
    /// only after `target` is synced. A file system without such links says `.denied` or `.other`.
    func link(_ name: String, to target: any Directory, as newName: String) throws(FileError)
    /// Removes the file `name`; durable only after `sync`.
    func remove(_ name: String) throws(FileError)
    /// Removes the empty directory `name`.
    func removeDirectory(_ name: String) throws(FileError)
    /// Makes the names in this directory durable.
    func sync() throws(FileError)
    /// Bytes an unprivileged process may still write on this file system.
    func freeBytes() throws(FileError) -> UInt64
}

/// An open file, closed when the last reference goes.
public protocol File: AnyObject, Sendable {
    /// Reads up to `buffer.count` bytes at `offset`; fewer only at the end of the file.
    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int
    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileError)
    /// The file's length in bytes.
    func size() throws(FileError) -> UInt64
    /// How many names lead to it.
    func links() throws(FileError) -> Int
    /// Whether both are open on one and the same file.
    func isSame(as other: any File) throws(FileError) -> Bool
    /// When the file was last written, in milliseconds of the wall clock.
    func modifiedMilliseconds() throws(FileError) -> UInt64
    /// Cuts or extends the file to `size` bytes.
    func truncate(to size: UInt64) throws(FileError)
    /// Begins to bring these bytes to the disk, so that a later `sync` is short.
    ///
    /// Promises nothing; but a failure means what a failed `sync` means.
    func beginFlush(_ range: Range<UInt64>) throws(FileError)
    /// Waits until these bytes were handed to the disk, which bounds what is on its way.
    ///
    /// Promises nothing; but a failure means what a failed `sync` means.
    func awaitFlush(_ range: Range<UInt64>) throws(FileError)
    /// Makes the file's bytes and length durable (fdatasync).
    ///
    /// After a failure nobody knows what the disk has, whatever later syncs say.
    func sync() throws(FileError)
    /// Takes the owner, the group and the mode of another file, whose place it is going to take.
    func takeAccess(of other: any File) throws(FileError)
    /// The kernel's descriptor, for `sendfile`; nil where there is no kernel (the simulator).
    var descriptor: Int32? { get }
}

extension File {
    /// Nothing begins before `sync`: for models without a disk beneath.
    public func beginFlush(_ range: Range<UInt64>) throws(FileError) {}
    /// Nothing is waited for: for models without a disk beneath.
    public func awaitFlush(_ range: Range<UInt64>) throws(FileError) {}
    /// Nothing is taken: for models whose files are nobody's.
    public func takeAccess(of other: any File) throws(FileError) {}
}

/// Why a call to the file system failed.
public struct FileError: Error, Hashable, Sendable {
    /// What callers tell apart.
    public enum Kind: Sendable, Hashable {
        /// ENOENT.
        case notFound
        /// EEXIST, ENOTEMPTY.
        case exists
        /// ENOSPC, EDQUOT.
        case noSpace
        /// EACCES, EPERM.
        case denied
        /// EROFS.
        case readOnly
        /// EIO: the device could not read or write.
        case device
        /// EMFILE, ENFILE.
        case tooManyOpen
        /// A name with `/`, NUL, or of no length; our bug or a hostile name.
        case badName
        /// Anything else; see `errno`.
        case other
    }

    /// The kind.
    public var kind: Kind
    /// The kernel's number, 0 in the simulator.
    public var errno: Int32
    /// The call and the name, for the log: `open a1b2`.
    public var operation: String

    /// Makes an error.
    public init(kind: Kind, errno: Int32, operation: String) {
        self.kind = kind
        self.errno = errno
        self.operation = operation
    }
}
