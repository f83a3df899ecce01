// SPDX-License-Identifier: Apache-2.0

public import Platform

/// A known mistake, put in on purpose: the checkers must find it, or they check nothing.
public enum Mistake: String, Sendable, CaseIterable {
    /// A directory's names are not synced after a rename into it.
    case skipsDirectorySync
    /// A file's bytes are not synced before they are promised.
    case skipsFileSync
}

/// A file system on which a mistake is made, whoever uses it: the product's code stays as it is.
public struct SabotagedFileSystem: FileSystem {
    private let base: any FileSystem
    private let mistake: Mistake

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
        SabotagedDirectory(try base.directory(at: path, presence), mistake)
    }
}

private final class SabotagedDirectory: Directory {
    private let base: any Directory
    private let mistake: Mistake

    init(_ base: any Directory, _ mistake: Mistake) {
        self.base = base
        self.mistake = mistake
    }

    func open(_ name: String, _ mode: OpenMode) throws(FileError) -> any File {
        SabotagedFile(try base.open(name, mode), mistake)
    }

    func directory(_ name: String, _ presence: Presence) throws(FileError) -> any Directory {
        SabotagedDirectory(try base.directory(name, presence), mistake)
    }

    func names(after: String, limit: Int) throws(FileError) -> [String] {
        try base.names(after: after, limit: limit)
    }

    func rename(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
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

    init(_ base: any File, _ mistake: Mistake) {
        self.base = base
        self.mistake = mistake
    }

    var descriptor: Int32? { base.descriptor }

    func read(into buffer: inout [UInt8], at offset: UInt64) throws(FileError) -> Int {
        try base.read(into: &buffer, at: offset)
    }

    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileError) {
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
        if mistake != .skipsFileSync { try base.sync() }
    }
}
