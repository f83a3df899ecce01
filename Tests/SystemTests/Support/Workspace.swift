// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Synchronization
import Testing

/// A directory of its own for one test, and the programs it starts; both are gone at its end.
///
/// What is started is ended in the opposite order, by process id.
final class Workspace: Sendable {
    /// Whether the parts that need other people's programs run; `script/test` says so.
    static let isOn = getenv("BREAKWATER_SYSTEM") != nil

    let path: String
    private let cleanups: Mutex<[@Sendable () -> Void]> = Mutex([])
    /// The ends of those that are there, by their paths.
    private static let open: Mutex<[String: @Sendable () -> Void]> = Mutex([:])
    /// An interruption ends everything that was started, as the end of every test would.
    private static let interruption: Void = Signals.intercept {
        ChildProcess.endAll()
        for end in open.withLock({ $0 }).values { end() }
        ChildProcess.endAll()
        exit(130)
    }

    init() throws {
        _ = Workspace.interruption
        // Short: podman takes at most 50 characters, a socket 107.
        path = "/tmp/breakwater-\("\(Identifier(from: LinuxRandom()))".prefix(12))"
        _ = try LinuxFileSystem().directory(at: path, .createIfMissing)
        Workspace.open.withLock { open in open[path] = { [weak self] in self?.end() } }
    }

    deinit {
        Workspace.open.withLock { _ = $0.removeValue(forKey: path) }
        end()
    }

    private func end() {
        for cleanup in cleanups.withLock({ $0 }).reversed() { cleanup() }
        unmountEverything()
        _ = run(["rm", "-rf", "--one-file-system", path])
    }

    /// What a program said and how it ended.
    struct Finished: CustomStringConvertible {
        var ending: ChildProcess.Ending
        var output: String
        var succeeded: Bool { ending == .exited(0) }
        var description: String { "\(ending): \(output.suffix(4000))" }
    }

    /// Does this at the end, before what was asked for earlier.
    func atEnd(_ cleanup: @escaping @Sendable () -> Void) {
        cleanups.withLock { $0.append(cleanup) }
    }

    /// Runs a program to its end, which comes after `seconds` at the latest.
    func run(
        _ arguments: [String],
        environment: [(String, String)] = [],
        seconds: Int = 900
    ) -> Finished {
        let output = "/tmp/breakwater-output-\(Identifier(from: LinuxRandom()))"
        defer { unlink(output) }
        do {
            let process = try ChildProcess(arguments, environment: environment, output: output)
            let ending = process.wait(atMost: .seconds(seconds))
            if ending == nil { process.sendToGroup(SIGKILL) }
            let said = Workspace.read(output)
            return Finished(
                ending: ending ?? process.wait(),
                output: ending == nil ? said + "\n(still running after \(seconds) s)" : said
            )
        } catch {
            return Finished(ending: .exited(127), output: "\(error)")
        }
    }

    /// Runs a program and ends the test unless it succeeds; returns what it said.
    @discardableResult
    func must(
        _ arguments: [String],
        environment: [(String, String)] = [],
        location: SourceLocation = #_sourceLocation
    ) throws -> String {
        let finished = run(arguments, environment: environment)
        try #require(
            finished.succeeded,
            "\(arguments.joined(separator: " ")): \(finished)",
            sourceLocation: location
        )
        return finished.output
    }

    /// The same, with the program's words as arguments.
    @discardableResult
    func must(_ arguments: String..., location: SourceLocation = #_sourceLocation) throws -> String
    {
        try must(arguments, location: location)
    }

    /// Starts a daemon with a log of its own and ends it with the workspace.
    func start(
        _ name: String,
        _ arguments: [String],
        environment: [(String, String)] = []
    ) throws -> Daemon {
        let log = "\(path)/\(name).log"
        let process = try ChildProcess(arguments, environment: environment, output: log)
        let daemon = Daemon(process: process, log: log)
        atEnd {
            process.send(SIGTERM)
            if process.wait(atMost: .seconds(60)) == nil { process.sendToGroup(SIGKILL) }
            _ = process.wait()
        }
        return daemon
    }

    /// A program that goes on running, and what it has said so far.
    struct Daemon: Sendable {
        var process: ChildProcess
        var log: String
        var output: String { Workspace.read(log) }
    }

    /// Makes a directory in this one and returns its path.
    func directory(_ name: String) throws -> String {
        _ = try LinuxFileSystem().directory(at: "\(path)/\(name)", .createIfMissing)
        return "\(path)/\(name)"
    }

    /// Writes a file of this directory and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let parts = name.split(separator: "/")
        let folder = parts.dropLast().reduce(path) { "\($0)/\($1)" }
        let file = try LinuxFileSystem().directory(at: folder, .mustExist)
            .open(String(try #require(parts.last)), .writeOrCreate)
        try file.truncate(to: 0)
        try file.write(Array(text.utf8).span, at: 0)
        return "\(path)/\(name)"
    }

    /// A file's text; empty when there is none.
    static func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Engines mount file systems below their directories and do not always take them away.
    private func unmountEverything() {
        let mounts = Workspace.read("/proc/self/mounts").split(separator: "\n").compactMap {
            $0.split(separator: " ").dropFirst().first.map(String.init)
        }
        for mount in mounts.reversed() where mount.hasPrefix(path + "/") {
            umount2(mount, Int32(MNT_DETACH))
        }
    }
}
