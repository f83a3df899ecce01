// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// A real server process under torture.
final class Server: Sendable {
    /// How often its log is looked at until it is ready.
    private static let lookEvery = Duration.milliseconds(1)

    let process: ChildProcess
    private let log: String
    private let data: String

    /// Starts one on a port that the system chooses, with `wrapper` in front of the program.
    init(binary: String, data: String, log: String, wrapper: [String] = []) throws {
        try Interruption.check()
        (self.log, self.data) = (log, data)
        unlink(log)
        // The sweep runs all the time, so that every kill can strike it; the scrub is told to, and does not
        // hold back. A machine that stands still for a while refuses nothing and breaks nothing off.
        let configuration = "\(log).yaml"
        try Files.write(
            """
            sweep: {interval: 1s}
            scrub: {rate: 4GiB}
            requests: {change-deadline: 10m}
            connections: {header-deadline: 5m, body-rate-window: 5m, answer-rate-window: 5m}

            """,
            to: configuration
        )
        let serve = [
            binary, "serve", "--listen", "127.0.0.1:0", "--data", data, "--config", configuration,
        ]
        process = try ChildProcess(wrapper + serve, output: log)
    }

    /// Everything it has said.
    private var output: String { Files.text(of: log) }

    /// Where it answers, once it says so.
    func ready(within limit: Duration = .seconds(300)) async throws -> Registry {
        let clocks = LinuxClocks()
        let deadline = clocks.monotonic() + limit
        while clocks.monotonic() < deadline {
            try Interruption.check()
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.contains(" is ready on ") }),
                let base = line.split(separator: " ").last
            {
                return Registry(base: String(base), data: data)
            }
            if let ending = process.ended() {
                throw Failure("the server does not start: \(ending): \(output)")
            }
            try await clocks.sleep(for: Server.lookEvery)
        }
        throw Failure("the server is not ready after \(limit): \(output)")
    }

    /// Ends it at once.
    func kill() {
        process.send(SIGKILL)
        _ = process.wait()
    }

    /// Ends it in good order.
    func stop() throws {
        process.send(SIGTERM)
        let ending = process.wait(atMost: .seconds(300))
        guard ending == .exited(0) else {
            kill()
            throw Failure("stopping ended with \(ending.map { "\($0)" } ?? "nothing")")
        }
    }
}
