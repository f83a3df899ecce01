// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc
import Synchronization

/// The kernel's file systems, every call relative to an open directory.
public struct LinuxFileSystem: FileSystem {
    private static let syncCount = Atomic<UInt64>(0)
    /// Files and directories synced by this process, whoever asked; SQLite's own are not among them.
    public static var syncs: UInt64 { syncCount.load(ordering: .relaxed) }

    static func countSync() {
        syncCount.add(1, ordering: .relaxed)
    }

    /// Makes it.
    public init() {}

    /// Opens a directory, making it and its parents (mode 0700, durable) when asked to.
    public func directory(
        at path: String,
        _ presence: Presence
    ) throws(FileError) -> any Directory {
        guard presence == .createIfMissing else { return try open(path) }
        var parents: [String] = []
        var prefix = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            parents.append(prefix.isEmpty ? "." : prefix)
            prefix += component + "/"
            guard unsafe mkdir(prefix, 0o700) == 0 || errno == EEXIST else {
                throw FileError(errno: errno, operation: "make \(prefix)")
            }
        }
        let directory = try open(path)
        // What is in use was made durable when it was empty.
        if try directory.names(after: "", limit: 1).isEmpty {
            for parent in parents { try sync(parent) }
        }
        return directory
    }

    private func sync(_ directory: String) throws(FileError) {
        do throws(FileError) { try open(directory).sync() } catch {
            // What we may not even list we made no name in.
            guard error.kind == .denied else { throw error }
        }
    }

    private func open(_ path: String) throws(FileError) -> LinuxDirectory {
        guard !path.utf8.contains(0) else {
            throw FileError(kind: .badName, errno: EINVAL, operation: "open a path with NUL")
        }
        return LinuxDirectory(
            try Descriptor.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        )
    }
}

/// A descriptor that is closed when the last reference goes.
final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Opens `name` relative to `directory`.
    static func open(
        _ directory: Int32,
        _ name: String,
        _ flags: Int32,
        mode: UInt32 = 0
    ) throws(FileError) -> Descriptor {
        let number = try syscall("open \(name)") { unsafe bw_openat(directory, name, flags, mode) }
        return Descriptor(number)
    }
}

/// Runs a system call that answers -1 with errno, again when a signal interrupted it.
@discardableResult
func syscall<Number: SignedInteger>(
    _ operation: @autoclosure () -> String,
    _ call: () -> Number
) throws(FileError) -> Number {
    while true {
        let answer = call()
        guard answer == -1 else { return answer }
        guard errno == EINTR else { throw FileError(errno: errno, operation: operation()) }
    }
}

extension FileError {
    /// The error of a kernel's number.
    public init(errno number: Int32, operation: String) {
        let kind: Kind =
            switch number {
            case ENOENT: .notFound
            case EEXIST, ENOTEMPTY: .exists
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM: .denied
            case EROFS: .readOnly
            case EIO: .device
            case EMFILE, ENFILE: .tooManyOpen
            default: .other
            }
        self.init(kind: kind, errno: number, operation: operation)
    }
}
