// SPDX-License-Identifier: Apache-2.0

import HTTP
import Platform

/// A blob's file, for an answer; closed when the answer has been sent.
final class WholeFile: FileRegion {
    let file: any File
    let count: UInt64
    var descriptor: Int32? { file.descriptor }
    var offset: UInt64 { 0 }

    init(_ file: any File, count: UInt64) {
        self.file = file
        self.count = count
    }

    func read(at position: UInt64, limit: Int) throws -> [UInt8] {
        guard position < count, limit > 0 else { return [] }
        let wanted = Int(min(UInt64(limit), count - position))
        var buffer = [UInt8](repeating: 0, count: wanted)
        let read = try file.read(into: &buffer, at: position)
        buffer.removeLast(wanted - read)
        return buffer
    }
}
