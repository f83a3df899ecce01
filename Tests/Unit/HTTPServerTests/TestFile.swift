// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP

/// A part of a file without a name, of bytes that follow from their position.
final class TestFile: FileRegion {
    struct Trouble: Error {}

    let descriptor: Int32?
    let offset: UInt64
    let count: UInt64
    private let failsAt: UInt64?

    /// Makes a file of `size` bytes and takes the part of it from `offset` on.
    init(size: Int, offset: UInt64 = 0, hasDescriptor: Bool = true, failsAt: UInt64? = nil) throws {
        self.failsAt = failsAt
        self.offset = offset
        count = UInt64(size) - offset
        guard hasDescriptor else {
            descriptor = nil
            return
        }
        var name = Array("/tmp/breakwater-http-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else { throw Trouble() }
        unlink(name)
        descriptor = file
        var position = 0
        while position < size {
            let bytes = TestFile.bytes(position..<min(size, position + (1 << 20)))
            guard write(file, bytes, bytes.count) == bytes.count else { throw Trouble() }
            position += bytes.count
        }
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    func read(at position: UInt64, limit: Int) throws -> [UInt8] {
        if let failsAt, position >= failsAt { throw Trouble() }
        let end = min(count, position + UInt64(limit))
        return TestFile.bytes(Int(offset + position)..<Int(offset + end))
    }

    /// What stands at these positions of every such file.
    static func bytes(_ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var position = range.lowerBound
        while position < range.upperBound {
            let start = position % pattern.count
            let end = min(pattern.count, start + range.upperBound - position)
            bytes += pattern[start..<end]
            position += end - start
        }
        return bytes
    }

    /// No length that is a power of two, so that what is shifted by a buffer's length differs.
    private static let pattern = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
}
