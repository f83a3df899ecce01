// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

/// A real `breakwater serve` on a port of its own, known by the line it prints when it is ready.
struct RunningServer {
    private let daemon: Workspace.Daemon
    /// `host:port`, as clients write it.
    let address: String
    let data: String

    var process: ChildProcess { daemon.process }
    /// Everything it has printed.
    var output: String { daemon.output }

    /// The binary that the environment names, or the one built beside the tests.
    static var binary: String {
        if let named = getenv("BREAKWATER_BINARY") { return String(cString: named) }
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? ""
        return bundle.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/breakwater"
    }

    /// Starts one, through the program `wrapper` if there is one; the workspace ends it.
    init(
        in workspace: Workspace,
        data: String = "data",
        listen: String = "127.0.0.1:0",
        arguments: [String] = [],
        wrapper: [String] = []
    ) throws {
        self.data = data.hasPrefix("/") ? data : "\(workspace.path)/\(data)"
        let serve = ["serve", "--listen", listen, "--data", self.data]
        let daemon = try workspace.start(
            "breakwater-\(Identifier(from: LinuxRandom()))",
            wrapper + [RunningServer.binary] + serve + arguments
        )
        // The line ends with the address: "breakwater 0.1.0 is ready on http://127.0.0.1:40123".
        let line = try wait(for: "line that says it is ready") {
            try #require(daemon.process.ended() == nil, "it ended: \(daemon.output)")
            let lines = daemon.output.split(separator: "\n", omittingEmptySubsequences: false)
            return lines.dropLast().first { $0.contains(" is ready on ") }
        }
        address = String(try #require(line.split(separator: "/").last))
        self.daemon = daemon
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
}
