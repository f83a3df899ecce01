// SPDX-License-Identifier: Apache-2.0

import Platform
import Synchronization

/// How much all files of an overlay may keep in memory together.
final class MemoryBudget: Sendable {
    private let bytesMax: Int
    private let bytes = Atomic<Int>(0)

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    var bytesLeft: Int { max(0, bytesMax - bytes.load(ordering: .relaxed)) }

    func take(_ count: Int) throws(FileError) {
        guard bytes.add(count, ordering: .relaxed).newValue <= bytesMax else {
            give(count)
            throw FileError(kind: .noSpace, errno: 0, operation: "write into memory")
        }
    }

    func give(_ count: Int) {
        bytes.subtract(count, ordering: .relaxed)
    }
}

/// A file in memory, over the bytes of another that is only read, or over nothing.
///
/// What is written is kept in blocks; what was never written is read from below.
final class MemoryFile: File {
    /// Bytes of a block.
    static let blockBytes = 4096

    private let below: (any File)?
    private let budget: MemoryBudget
    private let state: Mutex<State>

    private struct State {
        var blocks: [UInt64: [UInt8]] = [:]
        var size: UInt64 = 0
        /// Where bytes of the file below end: its size, or what a truncation left of it.
        var sizeBelow: UInt64 = 0
    }

    init(_ budget: MemoryBudget) {
        below = nil
        self.budget = budget
        state = Mutex(State())
    }

    init(over below: any File, _ budget: MemoryBudget) throws(FileError) {
        self.below = below
        self.budget = budget
        let size = try below.size()
        state = Mutex(State(size: size, sizeBelow: size))
    }

    deinit {
        let count = state.withLock { $0.blocks.count }
        budget.give(count * MemoryFile.blockBytes)
    }

    var descriptor: Int32? { nil }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        let wanted = buffer.count
        var bytes = [UInt8](repeating: 0, count: wanted)
        let count = try state.withLock { state throws(FileError) in
            let count = offset < state.size ? min(wanted, Int(state.size - offset)) : 0
            var done = 0
            while done < count {
                let (block, start) = split(offset + UInt64(done))
                let part = min(count - done, MemoryFile.blockBytes - start)
                let held = try self.block(block, state)
                bytes.replaceSubrange(done..<done + part, with: held[start..<start + part])
                done += part
            }
            return count
        }
        buffer.replaceSubrange(..<count, with: bytes[..<count])
        return count
    }

    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileError) {
        // A span cannot be captured by the closure.
        let source = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        try state.withLock { state throws(FileError) in
            var done = 0
            while done < source.count {
                let (block, start) = split(offset + UInt64(done))
                let part = min(source.count - done, MemoryFile.blockBytes - start)
                var held = try self.block(block, state)
                held.replaceSubrange(start..<start + part, with: source[done..<done + part])
                try keep(held, as: block, &state)
                done += part
            }
            state.size = max(state.size, offset + UInt64(source.count))
        }
    }

    func size() throws(FileError) -> UInt64 {
        state.withLock { $0.size }
    }

    func links() throws(FileError) -> Int { 1 }

    func isSame(as other: any File) throws(FileError) -> Bool { other === self }

    func modifiedMilliseconds() throws(FileError) -> UInt64 {
        try below?.modifiedMilliseconds() ?? 0
    }

    func truncate(to size: UInt64) throws(FileError) {
        try state.withLock { state throws(FileError) in
            if size < state.size {
                let (block, start) = split(size)
                if start > 0 {
                    var held = try self.block(block, state)
                    held.replaceSubrange(
                        start...,
                        with: [UInt8](repeating: 0, count: held.count - start)
                    )
                    try keep(held, as: block, &state)
                }
                let kept = start > 0 ? block + 1 : block
                for gone in state.blocks.keys.filter({ $0 >= kept }) {
                    state.blocks[gone] = nil
                    budget.give(MemoryFile.blockBytes)
                }
                state.sizeBelow = min(state.sizeBelow, size)
            }
            state.size = size
        }
    }

    func sync() throws(FileError) {}

    private func split(_ offset: UInt64) -> (block: UInt64, start: Int) {
        let (block, start) = offset.quotientAndRemainder(
            dividingBy: UInt64(MemoryFile.blockBytes)
        )
        return (block, Int(start))
    }

    private func keep(
        _ bytes: [UInt8],
        as block: UInt64,
        _ state: inout State
    ) throws(FileError) {
        if state.blocks[block] == nil { try budget.take(MemoryFile.blockBytes) }
        state.blocks[block] = bytes
    }

    /// A block as it is now, with zeros where there is nothing.
    private func block(_ block: UInt64, _ state: borrowing State) throws(FileError) -> [UInt8] {
        if let held = state.blocks[block] { return held }
        var bytes = [UInt8](repeating: 0, count: MemoryFile.blockBytes)
        let offset = block * UInt64(MemoryFile.blockBytes)
        guard let below, offset < state.sizeBelow else { return bytes }
        let end = Int(min(UInt64(MemoryFile.blockBytes), state.sizeBelow - offset))
        let count = try below.read(into: &bytes, at: offset)
        if min(count, end) < bytes.count {
            let zero = min(count, end)
            bytes.replaceSubrange(zero..., with: [UInt8](repeating: 0, count: bytes.count - zero))
        }
        return bytes
    }
}
