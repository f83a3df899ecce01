// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

/// A directory of the kernel's.
final class LinuxDirectory: Directory {
    private let descriptor: Descriptor

    init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
    }

    func open(_ name: String, _ mode: OpenMode) throws(FileError) -> any File {
        try checkName(name)
        let flags: Int32
        switch mode {
        case .read: flags = O_RDONLY
        case .readPastCaches: return try LinuxFile.past(caches: name, in: descriptor)
        case .write: flags = O_RDWR
        case .writeOrCreate: flags = O_RDWR | O_CREAT
        case .createNew: flags = O_RDWR | O_CREAT | O_EXCL
        }
        return LinuxFile(
            try Descriptor.open(
                descriptor.number,
                name,
                flags | O_CLOEXEC | O_NOFOLLOW,
                mode: 0o600
            )
        )
    }

    func directory(_ name: String, _ presence: Presence) throws(FileError) -> any Directory {
        try checkName(name)
        if presence == .createIfMissing {
            let made = unsafe mkdirat(descriptor.number, name, 0o700)
            guard made == 0 || errno == EEXIST else {
                throw FileError(errno: errno, operation: "make \(name)")
            }
        }
        return LinuxDirectory(
            try Descriptor.open(
                descriptor.number,
                name,
                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
            )
        )
    }

    func names(after: String, limit: Int) throws(FileError) -> [String] {
        guard limit > 0 else { return [] }
        // Its own open file, because a directory's position belongs to the open file.
        let number = try syscall("list") {
            unsafe bw_openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        guard let stream = unsafe fdopendir(number) else {
            let failure = FileError(errno: errno, operation: "list")
            close(number)
            throw failure
        }
        defer { unsafe closedir(stream) }
        var least = LeastNames(limit: limit)
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw FileError(errno: errno, operation: "list") }
                return least.sorted()
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != "..", after.utf8.lexicographicallyPrecedes(name.utf8) {
                least.add(name)
            }
        }
    }

    func rename(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        let target = try place(name, in: target, as: newName, "rename")
        try syscall("rename \(name)") {
            unsafe renameat(descriptor.number, name, target.descriptor.number, newName)
        }
    }

    func link(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        let target = try place(name, in: target, as: newName, "link")
        try syscall("link \(name)") {
            unsafe linkat(descriptor.number, name, target.descriptor.number, newName, 0)
        }
    }

    /// The directory that is to have a name of a file of this one.
    private func place(
        _ name: String,
        in target: any Directory,
        as newName: String,
        _ operation: String
    ) throws(FileError) -> LinuxDirectory {
        try checkName(name)
        try checkName(newName)
        guard let target = target as? LinuxDirectory else {
            throw FileError(kind: .other, errno: EXDEV, operation: "\(operation) \(name)")
        }
        return target
    }

    func remove(_ name: String) throws(FileError) {
        try checkName(name)
        try syscall("remove \(name)") { unsafe unlinkat(descriptor.number, name, 0) }
    }

    func removeDirectory(_ name: String) throws(FileError) {
        try checkName(name)
        try syscall("remove \(name)") { unsafe unlinkat(descriptor.number, name, AT_REMOVEDIR) }
    }

    func sync() throws(FileError) {
        LinuxFileSystem.countSync()
        try syscall("sync directory") { fsync(descriptor.number) }
    }

    func freeBytes() throws(FileError) -> UInt64 {
        var facts = statvfs()
        try syscall("free space") { unsafe fstatvfs(descriptor.number, &facts) }
        return UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
    }

    private func checkName(_ name: String) throws(FileError) {
        guard !name.isEmpty, name != ".", name != "..",
            !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0)
        else { throw FileError(kind: .badName, errno: EINVAL, operation: "name '\(name)'") }
    }
}

/// The first so many of names that come in any order, in memory for twice as many.
private struct LeastNames {
    private let limit: Int
    private var names: [String] = []

    init(limit: Int) {
        self.limit = limit
    }

    mutating func add(_ name: String) {
        names.append(name)
        if names.count / 2 >= limit { names = sorted() }
    }

    func sorted() -> [String] {
        Array(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(limit))
    }
}
