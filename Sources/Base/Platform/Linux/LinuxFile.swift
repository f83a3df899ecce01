// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

/// A file of the kernel's.
final class LinuxFile: File {
    let handle: Descriptor
    private let way: Way

    init(_ handle: Descriptor, _ way: Way = .cached) {
        self.handle = handle
        self.way = way
    }

    var descriptor: Int32? { handle.number }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        switch way {
        case .cached: return try readCached(into: &buffer, at: offset)
        case .direct: return try readDirectly(into: &buffer, at: offset)
        case .forgetting:
            defer { forget(buffer.count, at: offset) }
            return try readCached(into: &buffer, at: offset)
        }
    }

    private func readCached(
        into buffer: inout [UInt8],
        at offset: UInt64
    ) throws(FileError) -> Int {
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
            let count = try syscall("write") {
                unsafe bytes.withUnsafeBufferPointer { buffer in
                    unsafe pwrite(
                        handle.number,
                        buffer.baseAddress?.advanced(by: written),
                        buffer.count - written,
                        off_t(offset) + off_t(written)
                    )
                }
            }
            guard count > 0 else {
                throw FileError(kind: .other, errno: 0, operation: "write nothing")
            }
            written += count
        }
    }

    func size() throws(FileError) -> UInt64 {
        UInt64(try facts().st_size)
    }

    func links() throws(FileError) -> Int {
        Int(try facts().st_nlink)
    }

    func isSame(as other: any File) throws(FileError) -> Bool {
        guard let other = other as? LinuxFile else { return false }
        let (mine, others) = (try facts(), try other.facts())
        return mine.st_dev == others.st_dev && mine.st_ino == others.st_ino
    }

    func modifiedMilliseconds() throws(FileError) -> UInt64 {
        let time = try facts().st_mtim
        return UInt64(max(0, time.tv_sec)) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    func truncate(to size: UInt64) throws(FileError) {
        try syscall("truncate") { ftruncate(handle.number, off_t(size)) }
    }

    func beginFlush(_ range: Range<UInt64>) throws(FileError) {
        guard !range.isEmpty else { return }
        try syscall("begin to flush") {
            bw_begin_flush(handle.number, Int64(range.lowerBound), Int64(range.count))
        }
    }

    func awaitFlush(_ range: Range<UInt64>) throws(FileError) {
        // To sync_file_range no bytes mean all bytes.
        guard !range.isEmpty else { return }
        try syscall("flush") {
            bw_await_flush(handle.number, Int64(range.lowerBound), Int64(range.count))
        }
    }

    func sync() throws(FileError) {
        LinuxFileSystem.countSync()
        try syscall("sync") { fdatasync(handle.number) }
    }

    func takeAccess(of other: any File) throws(FileError) {
        guard let other = other as? LinuxFile else { return }
        let (wanted, own) = (try other.facts(), try facts())
        // Who is not root may give no file away, and has none of another owner to replace.
        if wanted.st_uid != own.st_uid || wanted.st_gid != own.st_gid {
            try syscall("give to the owner") {
                fchown(handle.number, wanted.st_uid, wanted.st_gid)
            }
        }
        try syscall("set the mode") { fchmod(handle.number, wanted.st_mode & 0o7777) }
    }

    private func facts() throws(FileError) -> stat {
        var facts = stat()
        try syscall("stat") { unsafe fstat(handle.number, &facts) }
        return facts
    }
}
