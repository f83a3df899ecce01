// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Platform

extension DescriptorLog {
    /// Begins to write to the process's standard error.
    public static func toStandardError() -> DescriptorLog {
        DescriptorLog(STDERR_FILENO)
    }

    /// Begins to add lines to the file at `path`, made at first with mode 0640.
    public convenience init(
        file path: String,
        bufferMax: Int = bufferMaxDefault
    ) throws(FileError) {
        self.init(try DescriptorLog.open(path), .closed, bufferMax: bufferMax)
    }

    /// Goes on in the file that has the name `path` now: after the old one was renamed away.
    ///
    /// What waits is written to the old file first. When the new one cannot be opened, the old one is
    /// used on.
    public func reopen(_ path: String) throws(FileError) {
        let opened = try DescriptorLog.open(path)
        defer { close(opened) }
        flush()
        // One step for the thread that writes: no line is lost or torn between two files.
        guard dup2(opened, descriptor) >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw FileError(errno: errno, operation: "use the log file \(path)")
        }
    }

    private static func open(_ path: String) throws(FileError) -> Int32 {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
        let opened = unsafe Glibc.open(path, flags, 0o640)
        guard opened >= 0 else {
            throw FileError(errno: errno, operation: "open the log file \(path)")
        }
        return opened
    }
}
