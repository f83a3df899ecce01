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
    public init?(path: String) throws(FileError) {
        let descriptor = try Descriptor.open(
            AT_FDCWD,
            "\(path)/\(DirectoryLock.fileName)",
            O_RDWR | O_CREAT | O_CLOEXEC,
            mode: 0o600
        )
        while flock(descriptor.number, LOCK_EX | LOCK_NB) == -1 {
            guard errno != EWOULDBLOCK else { return nil }
            guard errno == EINTR else {
                throw FileError(errno: errno, operation: "lock \(path)")
            }
        }
        self.descriptor = descriptor
    }

    /// Gives the directory to others.
    public consuming func release() {}
}
