// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

/// A file system on which a mistake is made, whoever uses it: the product's code stays as it is.
public struct SabotagedFileSystem: FileSystem {
    private let base: any FileSystem
    private let mistake: Mistake
    private let late = LateSyncs()

    /// Wraps `base`.
    public init(_ base: any FileSystem, _ mistake: Mistake) {
        self.base = base
        self.mistake = mistake
    }

    /// Opens a directory on which the mistake is made.
    public func directory(
        at path: String,
        _ presence: Presence
    ) throws(FileError) -> any Directory {
        SabotagedDirectory(try base.directory(at: path, presence), mistake, late)
    }
}

private final class SabotagedDirectory: Directory {
    private let base: any Directory
    private let mistake: Mistake
    private let late: LateSyncs

    init(_ base: any Directory, _ mistake: Mistake, _ late: LateSyncs) {
        self.base = base
        self.mistake = mistake
        self.late = late
    }

    func open(_ name: String, _ mode: OpenMode) throws(FileError) -> any File {
        late.pass()
        return SabotagedFile(try base.open(name, mode), mistake, late)
    }

    func directory(_ name: String, _ presence: Presence) throws(FileError) -> any Directory {
        SabotagedDirectory(try base.directory(name, presence), mistake, late)
    }

    func names(after: String, limit: Int) throws(FileError) -> [String] {
        try base.names(after: after, limit: limit)
    }

    func rename(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        late.pass()
        let target = (target as? SabotagedDirectory)?.base ?? target
        try base.rename(name, to: target, as: newName)
    }

    func link(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        let target = (target as? SabotagedDirectory)?.base ?? target
        try base.link(name, to: target, as: newName)
    }

    func remove(_ name: String) throws(FileError) {
        try base.remove(name)
    }

    func removeDirectory(_ name: String) throws(FileError) {
        try base.removeDirectory(name)
    }

    func sync() throws(FileError) {
        if mistake != .skipsDirectorySync { try base.sync() }
    }

    func freeBytes() throws(FileError) -> UInt64 {
        try base.freeBytes()
    }
}

private final class SabotagedFile: File {
    private let base: any File
    private let mistake: Mistake
    private let late: LateSyncs

    init(_ base: any File, _ mistake: Mistake, _ late: LateSyncs) {
        self.base = base
        self.mistake = mistake
        self.late = late
    }

    var descriptor: Int32? { base.descriptor }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        try base.read(into: &buffer, at: offset)
    }

    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileError) {
        late.pass()
        try base.write(bytes, at: offset)
    }

    func size() throws(FileError) -> UInt64 {
        try base.size()
    }

    func links() throws(FileError) -> Int {
        try base.links()
    }

    func isSame(as other: any File) throws(FileError) -> Bool {
        try base.isSame(as: (other as? SabotagedFile)?.base ?? other)
    }

    func modifiedMilliseconds() throws(FileError) -> UInt64 {
        try base.modifiedMilliseconds()
    }

    func truncate(to size: UInt64) throws(FileError) {
        try base.truncate(to: size)
    }

    func sync() throws(FileError) {
        switch mistake {
        case .skipsSyncOfFiles: break
        case .acknowledgesBeforeSync: late.add(base)
        default: try base.sync()
        }
    }
}

/// Syncs that somebody was told are done.
private final class LateSyncs: Sendable {
    /// How many calls of the file system come before a sync.
    private static let callsMax = 60
    /// The most files that wait for theirs.
    private static let filesMax = 64

    private let waiting = Mutex<[(file: any File, callsLeft: Int)]>([])

    func add(_ file: any File) {
        waiting.withLock { waiting in
            if waiting.count == LateSyncs.filesMax { waiting.removeFirst() }
            waiting.append((file, LateSyncs.callsMax))
        }
    }

    /// Notes a call, and makes the syncs whose turn it is.
    func pass() {
        let due = waiting.withLock { waiting in
            for index in waiting.indices { waiting[index].callsLeft -= 1 }
            defer { waiting.removeAll { $0.callsLeft <= 0 } }
            return waiting.filter { $0.callsLeft <= 0 }
        }
        for (file, _) in due {
            do throws(FileError) { try file.sync() } catch {
                // Nobody can be told any more: that is what is wrong with it.
            }
        }
    }
}
