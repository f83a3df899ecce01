// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A program we started, in a process group of its own, with its output in a file.
///
/// Ended by process id; nothing else on the machine is touched.
public final class ChildProcess: Sendable {
    /// How a process ended.
    public enum Ending: Hashable, Sendable {
        /// It returned this status.
        case exited(Int32)
        /// This signal ended it.
        case signalled(Int32)
    }

    /// The process id, which is also that of its group.
    public let id: Int32

    /// Starts `arguments[0]` (a path, or a name looked up in PATH) with both outputs appended to
    /// `output`.
    public init(
        _ arguments: [String],
        environment: [(String, String)] = [],
        output: String
    ) throws(FileError) {
        // Safe because what C is given lives until `posix_spawn` returns, which copies it.
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(
            &actions,
            1,
            output,
            O_WRONLY | O_CREAT | O_APPEND,
            0o600
        )
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var started: Int32 = 0
        let status = unsafe ChildProcess.withStrings(arguments) { words in
            unsafe ChildProcess.withStrings(ChildProcess.environment(with: environment)) {
                variables in
                unsafe posix_spawnp(&started, arguments[0], &actions, &attributes, words, variables)
            }
        }
        guard status == 0 else {
            throw FileError(errno: status, operation: "start \(arguments[0])")
        }
        id = started
    }

    /// Sends a signal to the process.
    public func send(_ signal: Int32) {
        kill(id, signal)
    }

    /// Sends a signal to the process and everything it started.
    public func sendToGroup(_ signal: Int32) {
        kill(-id, signal)
    }

    /// Waits for the end, which is reported once; blocks the calling thread.
    public func wait() -> Ending {
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) == -1, errno == EINTR {}
        return ChildProcess.ending(status)
    }

    /// Whether the process has ended, and how; nil while it runs.
    ///
    /// To be asked again only after nil.
    public func ended() -> Ending? {
        var status: Int32 = 0
        guard unsafe waitpid(id, &status, WNOHANG) == id else { return nil }
        return ChildProcess.ending(status)
    }

    private static func ending(_ status: Int32) -> Ending {
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    private static func environment(with own: [(String, String)]) -> [String] {
        var variables: [String] = []
        var place = unsafe environ
        while let variable = unsafe place.pointee {
            let text = unsafe String(cString: variable)
            if !own.contains(where: { text.hasPrefix($0.0 + "=") }) { variables.append(text) }
            unsafe place += 1
        }
        return variables + own.map { "\($0.0)=\($0.1)" }
    }

    private static func withStrings<Answer>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Answer
    ) -> Answer {
        let copies = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
            capacity: strings.count + 1
        )
        for (index, string) in strings.enumerated() { unsafe copies[index] = strdup(string) }
        unsafe copies[strings.count] = nil
        defer {
            for index in strings.indices { unsafe free(copies[index]) }
            unsafe copies.deallocate()
        }
        return unsafe body(copies)
    }
}
