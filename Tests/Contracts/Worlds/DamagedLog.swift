// SPDX-License-Identifier: Apache-2.0

public import Platform

extension Directory {
    /// Flips a bit in every frame that the WAL `name` has of a database's page; returns in how many.
    public func flipBits(inLog name: String, ofPage page: Int) throws(FileError) -> Int {
        let log = try open(name, .write)
        let bytes = try log.all()
        var flipped = 0
        for frame in stride(from: 32, to: bytes.count, by: 24 + 4096)
        where bytes[frame..<frame + 4].reduce(0, { $0 << 8 | Int($1) }) == page {
            try log.put([bytes[frame + 2000] ^ 1], at: UInt64(frame + 2000))
            flipped += 1
        }
        return flipped
    }
}
