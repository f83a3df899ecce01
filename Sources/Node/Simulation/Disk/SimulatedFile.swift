// SPDX-License-Identifier: Apache-2.0

import Platform

/// A file of a simulated disk, held open by one life of a machine.
final class SimulatedFile: File {
    private let disk: SimulatedDisk
    private let life: Int
    private let node: Int
    private let name: String
    private let isWritable: Bool

    init(disk: SimulatedDisk, life: Int, node: Int, name: String, isWritable: Bool) {
        self.disk = disk
        self.life = life
        self.node = node
        self.name = name
        self.isWritable = isWritable
    }

    /// There is no kernel.
    var descriptor: Int32? { nil }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        let wanted = buffer.count
        let bytes = try disk.perform(.read) { state throws(FileError) -> ArraySlice<UInt8> in
            try state.begin(.read, life: life, name)
            let file = try file(state)
            guard offset < UInt64(file.bytes.count) else { return [] }
            let start = Int(offset)
            let end = min(file.bytes.count, start + wanted)
            guard file.canRead(start..<end) else {
                state.strikes[.unreadableSectors, default: 0] += 1
                throw DiskState.error(.device, .read, name)
            }
            return file.bytes[start..<end]
        }
        buffer.replaceSubrange(0..<bytes.count, with: bytes)
        return bytes.count
    }

    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileError) {
        let now = disk.wallMilliseconds
        // A span cannot be captured by the closure that a crash may run.
        // Safe because the pointer is used while the span lives.
        let copy = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        try change(.write) { [name] state, file throws(FileError) in
            try state.grow(file, to: Int(offset) + copy.count, name)
            file.write(copy, at: Int(offset), order: state.nextOrder())
            file.modifiedMilliseconds = now
        }
    }

    func size() throws(FileError) -> UInt64 {
        try disk.perform(.size) { state throws(FileError) in
            try state.begin(.size, life: life, name)
            return UInt64(try file(state).bytes.count)
        }
    }

    func links() throws(FileError) -> Int {
        try disk.perform(.size) { state throws(FileError) in
            try state.begin(.size, life: life, name)
            return try file(state).links
        }
    }

    func isSame(as other: any File) throws(FileError) -> Bool {
        guard let other = other as? SimulatedFile else { return false }
        return disk === other.disk && node == other.node
    }

    func modifiedMilliseconds() throws(FileError) -> UInt64 {
        try disk.perform(.size) { state throws(FileError) in
            try state.begin(.size, life: life, name)
            return try file(state).modifiedMilliseconds
        }
    }

    func truncate(to size: UInt64) throws(FileError) {
        let now = disk.wallMilliseconds
        try change(.truncate) { [name] state, file throws(FileError) in
            try state.grow(file, to: Int(size), name)
            state.shrink(file, to: Int(size))
            file.truncate(to: Int(size), order: state.nextOrder())
            file.modifiedMilliseconds = now
        }
    }

    func sync() throws(FileError) {
        try disk.perform(.syncFile) { state throws(FileError) in
            let file = try file(state)
            do throws(FileError) {
                try state.begin(.syncFile, life: life, name) { _ in file.sync() }
            } catch {
                if !state.isDown { file.abandon() }
                throw error
            }
            file.sync()
        }
    }

    private func change(
        _ operation: DiskOperation,
        _ body: @escaping (inout DiskState, FileNode) throws(FileError) -> Void
    ) throws(FileError) {
        guard isWritable else { throw DiskState.error(.denied, operation, name) }
        try disk.perform(operation) { state throws(FileError) in
            let apply = { [node] (state: inout DiskState) throws(FileError) -> Void in
                guard let file = state.files[node] else { return }
                try body(&state, file)
            }
            try state.begin(operation, life: life, name, change: apply)
            try body(&state, try file(state))
        }
    }

    private func file(_ state: DiskState) throws(FileError) -> FileNode {
        guard let file = state.files[node], state.life == life else {
            throw DiskState.dead(.read, name)
        }
        return file
    }
}
