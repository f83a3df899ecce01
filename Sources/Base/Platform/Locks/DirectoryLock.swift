// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

/// A data directory held by this process alone, for as long as the value lives.
///
/// The kernel drops the lock when the process ends, however it ends.
public struct DirectoryLock: ~Copyable, Sendable {
    /// The lock file's name.
    public static let fileName = "lock"
    private let descriptor: Descriptor

    /// Locks the directory at `path`; nil when another process holds it.
    ///
    /// Where nothing can be written the file that is there is locked as it is, or, where there is
    /// none, the directory itself.
    public init?(path: String) throws(FileError) {
        let descriptor = try DirectoryLock.open(path)
        while flock(descriptor.number, LOCK_EX | LOCK_NB) == -1 {
            guard errno != EWOULDBLOCK else { return nil }
            guard errno == EINTR else {
                throw FileError(errno: errno, operation: "lock \(path)")
            }
        }
        self.descriptor = descriptor
    }

    private static func open(_ path: String) throws(FileError) -> Descriptor {
        let file = "\(path)/\(fileName)"
        do throws(FileError) {
            return try Descriptor.open(
                AT_FDCWD,
                file,
                O_RDWR | O_CREAT | O_CLOEXEC,
                mode: 0o600
            )
        } catch {
            guard error.kind == .readOnly else { throw error }
        }
        do throws(FileError) {
            return try Descriptor.open(AT_FDCWD, file, O_RDONLY | O_CLOEXEC)
        } catch {
            guard error.kind == .notFound else { throw error }
        }
        return try Descriptor.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }

    /// Gives the directory to others.
    public consuming func release() {}
}
