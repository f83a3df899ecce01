// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc
import Synchronization

/// A program we started, in a process group of its own, with its output in a file.
///
/// It is ended by process id, and nothing else on the machine is touched: once its end is known its
/// id, which the system may give away again, gets no signal. One that is dropped goes on running, until
/// `endAll`.
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
    /// Can be read from once the process has ended.
    private let watch: Int32
    private let state: Mutex<Ending?> = Mutex(nil)
    /// Whose end is not known yet.
    private static let running: Mutex<Set<Int32>> = Mutex([])

    /// Starts `arguments[0]` (a path, or a name looked up in PATH) with both outputs appended to the
    /// file `output`.
    ///
    /// It inherits the environment, with `environment` in place of what has these names. It has no
    /// input, and signals as they are by default, whatever its parent holds back.
    public init(
        _ arguments: [String],
        environment: [(String, String)] = [],
        workingDirectory: String? = nil,
        output: String
    ) throws(FileError) {
        var plan = SpawnPlan(workingDirectory: workingDirectory, output: output)
        let variables = ChildProcess.environment(with: environment)
        id = try ChildProcess.running.withLock { running throws(FileError) in
            let id = try plan.start(arguments, variables)
            running.insert(id)
            return id
        }
        watch = bw_pidfd_open(id)
        guard watch >= 0 else {
            let error = FileError(errno: errno, operation: "watch \(arguments[0])")
            kill(id, SIGKILL)
            _ = ChildProcess.reap(id, 0)
            throw error
        }
    }

    deinit { close(watch) }

    /// Sends a signal to the process, if its end is not known yet.
    public func send(_ signal: Int32) {
        state.withLock { ending in
            if ending == nil { kill(id, signal) }
        }
    }

    /// Sends a signal to the process and what it started, if its end is not known yet.
    public func sendToGroup(_ signal: Int32) {
        state.withLock { ending in
            if ending == nil { kill(-id, signal) }
        }
    }

    /// Ends at once everything that this program started, and what that started in turn.
    public static func endAll() {
        running.withLock { running in
            for id in running { kill(-id, SIGKILL) }
        }
    }

    /// Waits for the end; blocks the calling thread.
    public func wait() -> Ending {
        while true {
            if let ending = ended() { return ending }
            _ = awaitEnd(milliseconds: -1)
        }
    }

    /// Waits for the end, at most so long; nil if the process still runs.
    public func wait(atMost limit: Duration) -> Ending? {
        let clocks = LinuxClocks()
        let deadline = clocks.monotonic() + limit
        while true {
            if let ending = ended() { return ending }
            let left = deadline - clocks.monotonic()
            guard left > .zero else { return nil }
            let milliseconds =
                left.components.seconds * 1000
                + left.components.attoseconds / 1_000_000_000_000_000 + 1
            _ = awaitEnd(milliseconds: Int32(clamping: milliseconds))
        }
    }

    /// How the process ended; nil while it runs.
    public func ended() -> Ending? {
        state.withLock { ending in
            if ending == nil { ending = ChildProcess.reap(id, WNOHANG) }
            return ending
        }
    }

    /// Returns after the end, after the time (unless it is negative), or for no reason.
    private func awaitEnd(milliseconds: Int32) -> Int32 {
        var watched = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&watched, 1, milliseconds)
    }

    private static func reap(_ id: Int32, _ options: Int32) -> Ending? {
        var status: Int32 = 0
        // From here on the system may give the id away.
        let isOver = running.withLock { running in
            guard unsafe waitpid(id, &status, options) == id else { return false }
            running.remove(id)
            return true
        }
        guard isOver else { return nil }
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
}
