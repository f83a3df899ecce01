// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `Interrupted` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        /// The programs of developers lie beside that of users, wherever the one that is tested lies.
        private func program(_ name: String) -> String {
            let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? ""
            return bundle.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/\(name)"
        }

        /// The processes that a process started and that are not over.
        private func children(of process: ChildProcess) -> [Substring] {
            let id = process.id
            return Workspace.read("/proc/\(id)/task/\(id)/children").split(separator: " ")
        }

        @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
        func `the benchmark ends what it started and takes away what it made`(signal: Int32) throws
        {
            let place = try workspace.directory("place")
            let bench = try workspace.start(
                "bench",
                [program("breakwater-bench"), "2", "--only", "manifest-by-tag"],
                environment: [
                    ("TMPDIR", place), ("BREAKWATER_BINARY", RunningServer.binary),
                ]
            )
            let started = try wait(for: "server and its peer") {
                try #require(bench.process.ended() == nil, "it ended: \(bench.output)")
                let children = children(of: bench.process)
                return children.count >= 2 ? children : nil
            }
            bench.process.send(signal)
            #expect(bench.process.wait(atMost: .seconds(300)) == .exited(130), "\(bench.output)")
            for id in started {
                _ = try wait(for: "end of process \(id)") {
                    let state = Workspace.read("/proc/\(id)/stat")
                    return state.isEmpty || state.contains(") Z ") ? true : nil
                }
            }
            #expect(try workspace.must("ls", place).isEmpty)
        }
    }
}
