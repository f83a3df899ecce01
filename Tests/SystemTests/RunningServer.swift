// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

/// A real `breakwater serve` on a port of its own, known by the line it prints when it is ready.
final class RunningServer: Sendable {
    let process: ChildProcess
    let port: String
    let data: String
    private let drain: Drain

    /// `host:port`, as clients write it.
    var address: String { "127.0.0.1:\(port)" }

    /// The binary beside the tests, or the one the environment names.
    static var binary: String {
        if let named = getenv("BREAKWATER_BINARY") { return String(cString: named) }
        let link = String(readingLink: "/proc/self/exe")
        return link.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/breakwater"
    }

    init(
        in workspace: Workspace,
        data: String = "data",
        arguments: [String] = [],
        wrapper: [String] = []
    ) throws {
        self.data = data.hasPrefix("/") ? data : "\(workspace.path)/\(data)"
        let fifo = "\(workspace.path)/output-\(Identifier(from: LinuxRandom()))"
        try #require(mkfifo(fifo, 0o600) == 0)
        // The reader first: a child that opens the pipe for writing waits for it, and we for the child.
        let drain = Drain(fifo)
        self.drain = drain
        process = try ChildProcess(
            wrapper + [
                RunningServer.binary, "serve", "--listen", "127.0.0.1:0", "--data", self.data,
            ]
                + arguments,
            output: fifo
        )
        // The line ends with the address: "breakwater 0.1.0 is ready on http://127.0.0.1:4711".
        let line = try #require(drain.firstLine("is ready on"), "\(drain.everything)")
        port = String(try #require(line.split(separator: ":").last).prefix { $0.isNumber })
    }

    /// Asks the server to stop and returns how it ended.
    func stop() -> ChildProcess.Ending {
        process.send(SIGTERM)
        return process.wait()
    }

    /// Ends it at once.
    func kill() {
        process.send(SIGKILL)
        _ = process.wait()
    }

    /// Everything it has printed.
    var output: String { drain.everything }
}

/// Reads what a program prints on a thread of its own, so that the program never waits for us.
private final class Drain: @unchecked Sendable {
    // Safe because everything below is used under the lock.
    private let lock: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
    private let changed: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)
    private var bytes: [UInt8] = []
    private var isOver = false
    private let path: String

    init(_ path: String) {
        self.path = path
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
        var thread = pthread_t()
        pthread_create(
            &thread,
            nil,
            { drain in
                guard let drain else { return nil }
                Unmanaged<Drain>.fromOpaque(drain).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(self).toOpaque()
        )
        pthread_detach(thread)
    }

    var everything: String {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The first line with `words` in it; nil when the program ended without.
    func firstLine(_ words: String) -> String? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            let lines = String(decoding: bytes, as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false)
            if let line = lines.dropLast().first(where: { $0.contains(words) }) {
                return String(line)
            }
            guard !isOver else { return nil }
            pthread_cond_wait(changed, lock)
        }
    }

    private func run() {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(file, &buffer, buffer.count), count > 0 {
            pthread_mutex_lock(lock)
            bytes += buffer[..<count]
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(lock)
        }
        close(file)
        pthread_mutex_lock(lock)
        isOver = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }
}

extension String {
    fileprivate init(readingLink path: String) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { readlink(path, $0, characters.count) } ?? -1
            }
        }
        self = String(decoding: buffer[..<Swift.max(0, count)], as: UTF8.self)
    }
}
