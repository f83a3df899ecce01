// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Why the bench cannot go on.
struct Failure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// A directory of the bench's own and everything it started; both are gone at its end.
final class World {
    let path: String
    private var processes: [ChildProcess] = []
    private var names = 0

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        path = "\(parent)/breakwater-bench-\("\(Identifier(from: LinuxRandom()))".prefix(12))"
        _ = try LinuxFileSystem().directory(at: path, .createIfMissing)
        // nginx's workers are somebody else when root starts it.
        chmod(path, 0o755)
    }

    /// Ends what still runs and removes the directory.
    func end() {
        for process in processes { stop(process) }
        let words = ["rm", "-rf", "--one-file-system", path]
        _ = try? ChildProcess(words, output: "/dev/null").wait()
    }

    /// A name nobody used before.
    func fresh(_ name: String) -> String {
        names += 1
        return "\(path)/\(name)-\(names)"
    }

    /// Makes a directory that everybody may read.
    func directory(_ name: String) throws -> String {
        let path = name.hasPrefix("/") ? name : "\(path)/\(name)"
        _ = try LinuxFileSystem().directory(at: path, .createIfMissing)
        chmod(path, 0o755)
        return path
    }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let path = name.hasPrefix("/") ? name : "\(path)/\(name)"
        guard let file = fopen(path, "w") else { throw Failure("open \(path): errno \(errno)") }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
            throw Failure("write \(path): errno \(errno)")
        }
        chmod(path, 0o644)
        return path
    }

    /// Starts a program that goes on running.
    func start(_ arguments: [String], log: String) throws -> ChildProcess {
        try Interruption.check()
        let process = try ChildProcess(arguments, output: log)
        processes.append(process)
        return process
    }

    /// Ends a program in good order, or at once when it does not end.
    func stop(_ process: ChildProcess, _ signal: Int32 = SIGTERM) {
        process.send(signal)
        if process.wait(atMost: .seconds(300)) == nil { process.sendToGroup(SIGKILL) }
        _ = process.wait()
        processes.removeAll { $0 === process }
    }

    /// Runs a program to its end and returns what it said.
    @discardableResult
    func run(_ arguments: [String], seconds: Int = 600) throws -> String {
        try Interruption.check()
        let output = fresh("output")
        defer { unlink(output) }
        let process = try ChildProcess(arguments, output: output)
        guard process.wait(atMost: .seconds(seconds)) == .exited(0) else {
            process.sendToGroup(SIGKILL)
            throw Failure(
                "\(arguments.joined(separator: " ")): \(World.text(output).suffix(2_000))"
            )
        }
        return World.text(output)
    }

    /// A file's text; empty when there is none.
    static func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A port that was free a moment ago.
    static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard bound else { throw Failure("no free port: errno \(errno)") }
        return UInt16(bigEndian: address.sin_port)
    }

    /// What the disk takes: 64 MiB into a new file, synced, in MB a second.
    func diskFigure() throws -> Double {
        let path = fresh("disk")
        defer { unlink(path) }
        let bytes = Content.random(64 << 20, seed: UInt64(names))
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        defer { close(descriptor) }
        let seconds = Clients.time {
            var written = 0
            bytes.withUnsafeBytes { buffer in
                while written < buffer.count {
                    let rest = buffer.count - written
                    let count = Glibc.write(
                        descriptor,
                        buffer.baseAddress?.advanced(by: written),
                        rest
                    )
                    guard count > 0 else { break }
                    written += count
                }
            }
            fsync(descriptor)
        }
        return Double(bytes.count) / seconds / 1e6
    }
}
