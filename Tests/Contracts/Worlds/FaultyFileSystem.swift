// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

/// A file system over another one that fails when it is told to, and counts the calls.
public struct FaultyFileSystem: FileSystem {
    /// What fails, when.
    public let faults: Faults
    private let base: any FileSystem

    /// Wraps `base`.
    public init(_ base: any FileSystem, faults: Faults = Faults()) {
        self.base = base
        self.faults = faults
    }

    /// Opens a directory in which calls may fail.
    public func directory(
        at path: String,
        _ presence: Presence
    ) throws(FileError) -> any Directory {
        try faults.meet(presence == .createIfMissing ? .makeDirectory : .openDirectory, path)
        return FaultyDirectory(try base.directory(at: path, presence), faults)
    }
}

/// The calls that can fail.
public enum FileOperation: Hashable, Sendable, CaseIterable {
    /// Opening a file that must exist.
    case open
    /// Opening a file that may be or must be made.
    case create
    case openDirectory, makeDirectory, list, rename, link, remove, syncDirectory
    /// Half of the bytes are written all the same.
    case write
    case read, truncate, flush, sync
}

/// What fails and when, and what was called.
public final class Faults: Sendable {
    private struct Plan {
        var operation: FileOperation
        var skips: Int
        var kind: FileError.Kind
        var repeats: Bool
    }

    private struct State {
        var plans: [Plan] = []
        var counts: [FileOperation: Int] = [:]
        var freeBytes: UInt64?
        var hook: (@Sendable (FileOperation, String) -> Void)?
        var lost: [(name: String, bytes: Range<UInt64>)] = []
    }

    private let state = Mutex(State())

    /// Makes one by which nothing fails.
    public init() {}

    /// Lets the call of this kind fail that comes after `skips` others; once, or from then on.
    public func fail(
        _ operation: FileOperation,
        after skips: Int = 0,
        as kind: FileError.Kind = .device,
        forever: Bool = false
    ) {
        let plan = Plan(operation: operation, skips: skips, kind: kind, repeats: forever)
        state.withLock { $0.plans.append(plan) }
    }

    /// Lets the disk no longer give these bytes of the files of this name.
    public func lose(_ bytes: Range<UInt64>, of name: String) {
        state.withLock { $0.lost.append((name, bytes)) }
    }

    /// Ends all faults.
    public func clear() {
        state.withLock { ($0.plans, $0.lost) = ([], []) }
    }

    func meet(readingOf name: String, _ bytes: Range<UInt64>) throws(FileError) {
        let isLost = state.withLock { state in
            state.lost.contains { $0.name == name && $0.bytes.overlaps(bytes) }
        }
        guard isLost else { return }
        throw FileError(kind: .device, errno: 0, operation: "planned: lost bytes of \(name)")
    }

    /// How often calls of this kind were made.
    public func count(_ operation: FileOperation) -> Int {
        state.withLock { $0.counts[operation, default: 0] }
    }

    /// What the file system says is free; nil asks the real one.
    public var freeBytes: UInt64? {
        get { state.withLock { $0.freeBytes } }
        set { state.withLock { $0.freeBytes = newValue } }
    }

    /// Runs before each call with its name, on its thread; may block it.
    public func before(_ body: (@Sendable (FileOperation, String) -> Void)?) {
        state.withLock { $0.hook = body }
    }

    func meet(_ operation: FileOperation, _ name: String) throws(FileError) {
        state.withLock { $0.hook }?(operation, name)
        let failure = state.withLock { state -> FileError.Kind? in
            state.counts[operation, default: 0] += 1
            guard let index = state.plans.firstIndex(where: { $0.operation == operation }) else {
                return nil
            }
            guard state.plans[index].skips == 0 else {
                state.plans[index].skips -= 1
                return nil
            }
            let plan = state.plans[index]
            if !plan.repeats { state.plans.remove(at: index) }
            return plan.kind
        }
        guard let failure else { return }
        throw FileError(kind: failure, errno: 0, operation: "planned: \(operation) \(name)")
    }
}

private final class FaultyDirectory: Directory {
    private let base: any Directory
    private let faults: Faults

    init(_ base: any Directory, _ faults: Faults) {
        self.base = base
        self.faults = faults
    }

    func open(_ name: String, _ mode: OpenMode) throws(FileError) -> any File {
        try faults.meet(mode == .createNew || mode == .writeOrCreate ? .create : .open, name)
        return FaultyFile(try base.open(name, mode), faults, name)
    }

    func directory(_ name: String, _ presence: Presence) throws(FileError) -> any Directory {
        try faults.meet(presence == .createIfMissing ? .makeDirectory : .openDirectory, name)
        return FaultyDirectory(try base.directory(name, presence), faults)
    }

    func names(after: String, limit: Int) throws(FileError) -> [String] {
        try faults.meet(.list, "")
        return try base.names(after: after, limit: limit)
    }

    func rename(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        try faults.meet(.rename, name)
        try base.rename(name, to: (target as? FaultyDirectory)?.base ?? target, as: newName)
    }

    func link(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        try faults.meet(.link, name)
        try base.link(name, to: (target as? FaultyDirectory)?.base ?? target, as: newName)
    }

    func remove(_ name: String) throws(FileError) {
        try faults.meet(.remove, name)
        try base.remove(name)
    }

    func removeDirectory(_ name: String) throws(FileError) {
        try faults.meet(.remove, name)
        try base.removeDirectory(name)
    }

    func sync() throws(FileError) {
        try faults.meet(.syncDirectory, "")
        try base.sync()
    }

    func freeBytes() throws(FileError) -> UInt64 {
        if let planned = faults.freeBytes { return planned }
        return try base.freeBytes()
    }
}

private final class FaultyFile: File {
    private let base: any File
    private let faults: Faults
    private let name: String

    init(_ base: any File, _ faults: Faults, _ name: String) {
        self.base = base
        self.faults = faults
        self.name = name
    }

    var descriptor: Int32? { base.descriptor }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        try faults.meet(.read, name)
        try faults.meet(readingOf: name, offset..<(offset + UInt64(buffer.count)))
        return try base.read(into: &buffer, at: offset)
    }

    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileError) {
        do throws(FileError) { try faults.meet(.write, name) } catch {
            try base.write(bytes.extracting(0..<bytes.count / 2), at: offset)
            throw error
        }
        try base.write(bytes, at: offset)
    }

    func size() throws(FileError) -> UInt64 {
        try base.size()
    }

    func links() throws(FileError) -> Int {
        try base.links()
    }

    func isSame(as other: any File) throws(FileError) -> Bool {
        try base.isSame(as: (other as? FaultyFile)?.base ?? other)
    }

    func modifiedMilliseconds() throws(FileError) -> UInt64 {
        try base.modifiedMilliseconds()
    }

    func truncate(to size: UInt64) throws(FileError) {
        try faults.meet(.truncate, name)
        try base.truncate(to: size)
    }

    func beginFlush(_ range: Range<UInt64>) throws(FileError) {
        try faults.meet(.flush, name)
        try base.beginFlush(range)
    }

    func awaitFlush(_ range: Range<UInt64>) throws(FileError) {
        try faults.meet(.flush, name)
        try base.awaitFlush(range)
    }

    func sync() throws(FileError) {
        try faults.meet(.sync, name)
        try base.sync()
    }
}
