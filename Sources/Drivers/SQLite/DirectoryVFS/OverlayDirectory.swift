// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

extension DirectoryVFS {
    /// The most bytes that are kept in memory, unless said otherwise.
    public static var memoryBytesMaxDefault: Int { 256 << 20 }

    /// A VFS that reads the files of `directory` and keeps every write in memory.
    ///
    /// For a disk that can be read only: recovery, the WAL's index and a checkpoint all need to write.
    /// The database and its WAL are opened as they are on the disk, nothing on it is changed, and what
    /// is written is gone with this VFS. Beyond `bytesMax` it is as if the disk were full.
    public static func inMemory(
        over directory: any Directory,
        clocks: any Clocks,
        random: any RandomSource,
        bytesMax: Int = memoryBytesMaxDefault
    ) -> DirectoryVFS {
        let overlay = OverlayDirectory(over: directory, bytesMax: bytesMax)
        return DirectoryVFS(overlay, clocks: clocks, random: random)
    }
}

/// A directory whose files can be written without changing the directory below, or one in memory alone.
final class OverlayDirectory: Directory {
    private let below: (any Directory)?
    private let budget: MemoryBudget
    private let files = Mutex<[String: Entry]>([:])

    private enum Entry {
        case file(MemoryFile)
        case removed
    }

    init(over below: (any Directory)?, bytesMax: Int) {
        self.below = below
        budget = MemoryBudget(bytesMax: bytesMax)
    }

    func open(_ name: String, _ mode: OpenMode) throws(FileError) -> any File {
        try files.withLock { files throws(FileError) -> MemoryFile in
            let found = try existing(name, &files)
            switch (found, mode) {
            case (let file?, .read), (let file?, .readPastCaches), (let file?, .write),
                (let file?, .writeOrCreate):
                return file
            case (.some, .createNew):
                throw FileError(kind: .exists, errno: 0, operation: "make \(name)")
            case (nil, .writeOrCreate), (nil, .createNew):
                let file = MemoryFile(budget)
                files[name] = .file(file)
                return file
            case (nil, .read), (nil, .readPastCaches), (nil, .write):
                throw FileError(kind: .notFound, errno: 0, operation: "open \(name)")
            }
        }
    }

    /// The file as it is here or, at its first use, below.
    private func existing(
        _ name: String,
        _ files: inout [String: Entry]
    ) throws(FileError) -> MemoryFile? {
        switch files[name] {
        case .file(let file): return file
        case .removed: return nil
        case nil: break
        }
        guard let below else { return nil }
        do {
            let file = try MemoryFile(over: below.open(name, .read), budget)
            files[name] = .file(file)
            return file
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    func remove(_ name: String) throws(FileError) {
        try files.withLock { files throws(FileError) in
            guard try existing(name, &files) != nil else {
                throw FileError(kind: .notFound, errno: 0, operation: "remove \(name)")
            }
            files[name] = .removed
        }
    }

    func sync() throws(FileError) {}

    func freeBytes() throws(FileError) -> UInt64 { UInt64(budget.bytesLeft) }

    // A database needs none of these.
    func directory(_ name: String, _ presence: Presence) throws(FileError) -> any Directory {
        throw refused("open directory \(name)")
    }

    func names(after: String, limit: Int) throws(FileError) -> [String] {
        throw refused("list")
    }

    func rename(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        throw refused("rename \(name)")
    }

    func link(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        throw refused("link \(name)")
    }

    func removeDirectory(_ name: String) throws(FileError) {
        throw refused("remove \(name)")
    }

    private func refused(_ operation: String) -> FileError {
        FileError(kind: .readOnly, errno: 0, operation: operation)
    }
}
