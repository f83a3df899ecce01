// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

extension LinuxFile {
    /// How bytes come from the disk.
    enum Way: Sendable {
        /// Through the page cache, which keeps them.
        case cached
        /// From the device; the page cache neither gives them nor takes them.
        case direct
        /// Through the page cache, which is told that it need not keep them.
        case forgetting
    }

    /// What direct reads begin and end at: a multiple of every device's sectors that we know of.
    private static let directUnit = 4096

    /// Opens a file for reading past the page cache, as far as its file system can.
    static func past(
        caches name: String,
        in directory: Descriptor
    ) throws(FileError) -> LinuxFile {
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW
        do throws(FileError) {
            let direct = try Descriptor.open(directory.number, name, flags | bw_direct_flag())
            return LinuxFile(direct, .direct)
        } catch {
            guard error.errno == EINVAL else { throw error }
            return LinuxFile(try Descriptor.open(directory.number, name, flags), .forgetting)
        }
    }

    func readDirectly(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        let unit = LinuxFile.directUnit
        let skipped = Int(offset % UInt64(unit))
        let wanted = (skipped + buffer.count + unit - 1) / unit * unit
        let aligned = UnsafeMutableRawBufferPointer.allocate(byteCount: wanted, alignment: unit)
        defer { unsafe aligned.deallocate() }
        var filled = 0
        while filled < wanted {
            let count = try syscall("read") {
                unsafe pread(
                    handle.number,
                    aligned.baseAddress?.advanced(by: filled),
                    wanted - filled,
                    off_t(offset) - off_t(skipped) + off_t(filled)
                )
            }
            filled += max(0, count)
            // The device gives whole units everywhere but at the end of the file.
            guard count > 0, count % unit == 0 else { break }
        }
        let count = max(0, min(buffer.count, filled - skipped))
        unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe bytes.copyMemory(from: .init(rebasing: aligned[skipped..<(skipped + count)]))
        }
        return count
    }

    /// Tells the page cache that these bytes are not needed.
    func forget(_ count: Int, at offset: UInt64) {
        // A hint: where it is not taken, the cache has them a while longer.
        _ = posix_fadvise(handle.number, off_t(offset), off_t(count), POSIX_FADV_DONTNEED)
    }
}
