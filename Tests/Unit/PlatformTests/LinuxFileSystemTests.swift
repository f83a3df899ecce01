// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import Platform
import Testing

@Suite struct `Linux file system` {
    private let scratch: TemporaryDirectory

    init() throws {
        scratch = try TemporaryDirectory()
    }

    @Test(arguments: FileSystemContract.clauses)
    func `keeps the contract`(clause: Clause<any Directory>) async throws {
        try await clause.check(scratch.directory)
    }

    @Test func `a path is made with its parents, for its owner only`() throws {
        let made = try LinuxFileSystem().directory(at: "\(scratch.path)/a/b", .createIfMissing)
        _ = try made.open("f", .createNew)
        var facts = stat()
        #expect(stat("\(scratch.path)/a/b", &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o700)
        #expect(stat("\(scratch.path)/a/b/f", &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o600)
        let again = try LinuxFileSystem().directory(at: "\(scratch.path)/a/b", .createIfMissing)
        #expect(try again.names(after: "", limit: 9) == ["f"])
    }

    @Test func `a missing path is not found, and one with NUL is refused`() throws {
        let missing = #expect(throws: FileError.self) {
            _ = try LinuxFileSystem().directory(at: "\(scratch.path)/none", .mustExist)
        }
        #expect(missing?.kind == .notFound)
        #expect(missing?.errno == ENOENT)
        let hostile = #expect(throws: FileError.self) {
            _ = try LinuxFileSystem().directory(at: "\(scratch.path)\0/none", .mustExist)
        }
        #expect(hostile?.kind == .badName)
    }

    @Test func `no symbolic link is followed`() throws {
        #expect(symlink("/etc/passwd", "\(scratch.path)/file") == 0)
        #expect(symlink("/etc", "\(scratch.path)/folder") == 0)
        #expect(throws: FileError.self) { _ = try scratch.directory.open("file", .read) }
        #expect(throws: FileError.self) {
            _ = try scratch.directory.directory("folder", .mustExist)
        }
        #expect(throws: FileError.self) {
            _ = try scratch.directory.directory("folder", .createIfMissing)
        }
    }

    @Test func `every descriptor is closed on exec and closed at last`() throws {
        let file = try scratch.directory.open("a", .createNew)
        let number = try #require(file.descriptor)
        #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        _ = file.descriptor
        weak var gone: (any File)?
        do {
            let other = try scratch.directory.open("b", .createNew)
            gone = other
        }
        #expect(gone == nil)
    }

    @Test func `a thousand names are paged with few in memory`() throws {
        let names = (0..<1000).map { "n\(1000 + $0)" }
        for name in names { _ = try scratch.directory.open(name, .createNew) }
        #expect(try scratch.directory.names(after: "n1499", limit: 7) == Array(names[500..<507]))
        #expect(try scratch.directory.names(after: "", limit: .max) == names)
    }

    @Test func `the time of the last write is the wall clock's`() throws {
        // A kernel's file times go by this clock, which stands still up to a tick, or longer where the machine does.
        var tick = timespec()
        #expect(clock_gettime(CLOCK_REALTIME_COARSE, &tick) == 0)
        let before = UInt64(tick.tv_sec) * 1000 + UInt64(tick.tv_nsec) / 1_000_000
        let file = try scratch.directory.open("a", .createNew)
        try file.put([1])
        let modified = try file.modifiedMilliseconds()
        #expect(modified >= before)
        #expect(modified <= LinuxClocks().wallMilliseconds())
    }
}
