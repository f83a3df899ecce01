// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file of the kernel's.
final class LinuxFile: File {
    private let handle: Descriptor

    init(_ handle: Descriptor) {
        self.handle = handle
    }

    var descriptor: Int32? { handle.number }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = try syscall("read") {
                unsafe buffer.withUnsafeMutableBytes { bytes in
                    unsafe pread(
                        handle.number,
                        bytes.baseAddress?.advanced(by: filled),
                        bytes.count - filled,
                        off_t(offset) + off_t(filled)
                    )
                }
            }
            guard count > 0 else { break }
            filled += count
        }
        return filled
    }

    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileError) {
        var written = 0
        while written < bytes.count {
            written += try syscall("write") {
                unsafe bytes.withUnsafeBufferPointer { buffer in
                    unsafe pwrite(
                        handle.number,
                        buffer.baseAddress?.advanced(by: written),
                        buffer.count - written,
                        off_t(offset) + off_t(written)
                    )
                }
            }
        }
    }

    func size() throws(FileError) -> UInt64 {
        UInt64(try facts().st_size)
    }

    func modifiedMilliseconds() throws(FileError) -> UInt64 {
        let time = try facts().st_mtim
        return UInt64(max(0, time.tv_sec)) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    func truncate(to size: UInt64) throws(FileError) {
        try syscall("truncate") { ftruncate(handle.number, off_t(size)) }
    }

    func sync() throws(FileError) {
        try syscall("sync") { fdatasync(handle.number) }
    }

    private func facts() throws(FileError) -> stat {
        var facts = stat()
        try syscall("stat") { unsafe fstat(handle.number, &facts) }
        return facts
    }
}
