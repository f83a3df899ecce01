// SPDX-License-Identifier: Apache-2.0

import Platform
import Synchronization

/// A directory that knows what a power cut would leave, and can be cut off at any operation.
final class ForgetfulDirectory: Directory {
    /// Bytes that reach the disk together or not at all.
    private static let sectorBytes = 512

    /// What goes wrong, and when: with the operation of this number, counted from 0.
    enum Fault {
        /// This and every later operation fails.
        case cut(at: Int)
        /// This one fails if it is a sync, of a file or a directory.
        case sync(at: Int)
    }

    private let fault: Fault
    private let state = Mutex(State())

    private struct State {
        var operations = 0
        var files: [Contents] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
    }

    struct Contents {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
    }

    init(_ fault: Fault) {
        self.fault = fault
    }

    /// How many operations there were.
    var operations: Int { state.withLock { $0.operations } }

    /// What a cut now leaves: what was synced, and any part of the rest.
    func image(_ random: inout SeededGenerator) -> [(name: String, bytes: [UInt8])] {
        let (names, files) = state.withLock { state in
            (Bool.random(using: &random) ? state.names : state.durableNames, state.files)
        }
        return names.sorted { $0.key < $1.key }.map { name, index in
            (name, ForgetfulDirectory.torn(files[index], &random))
        }
    }

    private static func torn(_ file: Contents, _ random: inout SeededGenerator) -> [UInt8] {
        let keepsLength = Bool.random(using: &random)
        var bytes = keepsLength ? file.bytes : file.durable
        for start in stride(from: 0, to: bytes.count, by: sectorBytes)
        where Bool.random(using: &random) {
            for at in start..<min(start + sectorBytes, bytes.count) {
                // The other one of the two: old where it is new, new where it is old.
                let other = keepsLength ? file.durable : file.bytes
                bytes[at] = at < other.count ? other[at] : 0
            }
        }
        return bytes
    }

    private func operate<Result>(
        isSync: Bool = false,
        _ body: (inout State) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        try state.withLock { state throws(FileError) in
            let number = state.operations
            state.operations += 1
            switch fault {
            case .cut(let at) where number >= at, .sync(let at) where number == at && isSync:
                throw FileError(kind: .device, errno: 0, operation: "fault")
            default: return try body(&state)
            }
        }
    }

    fileprivate func contents<Result>(
        _ index: Int,
        isSync: Bool = false,
        _ body: (inout Contents) -> Result
    ) throws(FileError) -> Result {
        try operate(isSync: isSync) { state in body(&state.files[index]) }
    }

    func open(_ name: String, _ mode: OpenMode) throws(FileError) -> any File {
        let index = try operate { state throws(FileError) in
            if let index = state.names[name] {
                guard mode != .createNew else {
                    throw FileError(kind: .exists, errno: 0, operation: name)
                }
                return index
            }
            guard mode == .createNew || mode == .writeOrCreate else {
                throw FileError(kind: .notFound, errno: 0, operation: name)
            }
            state.files.append(Contents())
            state.names[name] = state.files.count - 1
            return state.files.count - 1
        }
        return ForgetfulFile(self, index)
    }

    func remove(_ name: String) throws(FileError) {
        try operate { state throws(FileError) in
            guard state.names.removeValue(forKey: name) != nil else {
                throw FileError(kind: .notFound, errno: 0, operation: name)
            }
        }
    }

    func sync() throws(FileError) {
        try operate(isSync: true) { state in state.durableNames = state.names }
    }

    func freeBytes() throws(FileError) -> UInt64 { .max }

    func directory(_ name: String, _ presence: Presence) throws(FileError) -> any Directory {
        throw FileError(kind: .other, errno: 0, operation: name)
    }

    func names(after: String, limit: Int) throws(FileError) -> [String] {
        throw FileError(kind: .other, errno: 0, operation: "list")
    }

    func rename(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        throw FileError(kind: .other, errno: 0, operation: name)
    }

    func link(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        throw FileError(kind: .other, errno: 0, operation: name)
    }

    func removeDirectory(_ name: String) throws(FileError) {
        throw FileError(kind: .other, errno: 0, operation: name)
    }
}

private final class ForgetfulFile: File {
    private let directory: ForgetfulDirectory
    private let index: Int

    init(_ directory: ForgetfulDirectory, _ index: Int) {
        self.directory = directory
        self.index = index
    }

    var descriptor: Int32? { nil }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        let wanted = buffer.count
        let bytes = try directory.contents(index) { file in
            let start = min(Int(offset), file.bytes.count)
            return Array(file.bytes[start..<min(start + wanted, file.bytes.count)])
        }
        buffer.replaceSubrange(..<bytes.count, with: bytes)
        return bytes.count
    }

    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileError) {
        let copy = bytes.withUnsafeBufferPointer { [UInt8]($0) }
        try directory.contents(index) { file in
            let end = Int(offset) + copy.count
            if file.bytes.count < end {
                file.bytes += [UInt8](repeating: 0, count: end - file.bytes.count)
            }
            file.bytes.replaceSubrange(Int(offset)..<end, with: copy)
        }
    }

    func size() throws(FileError) -> UInt64 {
        try directory.contents(index) { UInt64($0.bytes.count) }
    }

    func links() throws(FileError) -> Int { 1 }

    func isSame(as other: any File) throws(FileError) -> Bool {
        (other as? ForgetfulFile)?.index == index
    }

    func modifiedMilliseconds() throws(FileError) -> UInt64 { 0 }

    func truncate(to size: UInt64) throws(FileError) {
        try directory.contents(index) { file in
            file.bytes = Array(file.bytes.prefix(Int(size)))
            file.bytes += [UInt8](repeating: 0, count: Int(size) - file.bytes.count)
        }
    }

    func sync() throws(FileError) {
        try directory.contents(index, isSync: true) { $0.durable = $0.bytes }
    }
}
