// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `How commands end` {
        private let workspace: Workspace
        private let server: RunningServer

        init() throws {
            workspace = try Workspace()
            server = try RunningServer(in: workspace)
        }

        /// Makes one more change.
        private func change() async throws {
            let tag = Identifier(from: LinuxRandom())
            let manifest = """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",\
                "manifests":[],"annotations":{"own":"\(tag)"}}
                """
            let put = try await server.ask(
                "PUT",
                "/v2/team/app/manifests/\(tag)",
                [("Content-Type", "application/vnd.oci.image.index.v1+json")],
                body: Array(manifest.utf8)
            )
            try #require(put.status == 201, "\(put)")
        }

        /// The same command in a shell, with something after it.
        private func shell(_ after: String, before: String = "") -> [String] {
            let list = "'\(RunningServer.binary)' journal list --data '\(server.data)'"
            return ["sh", "-c", "\(before)\(list) \(after)"]
        }

        @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
        func `a signal ends a command that waits for its server`(signal: Int32) throws {
            // The kernel takes the connection, and nobody answers it.
            server.process.send(SIGSTOP)
            defer { server.process.send(SIGCONT) }
            let status = try workspace.start(
                "status",
                [RunningServer.binary, "status", "--data", server.data]
            )
            let files = "/proc/\(status.process.id)/fd"
            _ = try wait(for: "connection to the server") {
                workspace.run(["ls", "-l", files]).output.contains("socket:") ? true : nil
            }
            status.process.send(signal)
            #expect(status.process.wait(atMost: .seconds(300)) == .signalled(signal))
        }

        @Test func `a result that cannot be written is a failure that is told`() async throws {
            try await change()
            let finished = workspace.run(shell(">/dev/full"))
            #expect(finished.ending == .exited(1), "\(finished)")
            #expect(finished.output.contains("the result cannot be written: noSpace"))
        }

        @Test(arguments: ["", "trap '' PIPE; "])
        func `a reader that has seen enough ends a command without a word`(
            before: String
        ) async throws {
            try await change()
            let follow = shell("| head -1", before: before).map { word in
                word.replacing("journal list", with: "journal follow")
            }
            let pipe = try workspace.start("pipe", follow)
            var ending: ChildProcess.Ending?
            // It learns that its reader is gone when it next has something to say.
            for _ in 0..<300 where ending == nil {
                try await change()
                ending = pipe.process.wait(atMost: .seconds(1))
            }
            #expect(ending == .exited(0), "the status of the pipe's last command")
            #expect(pipe.output.split(separator: "\n").count == 1, "\(pipe.output)")
        }

        @Test func `a server goes on when nobody can read that it is ready`() async throws {
            let started = try workspace.start(
                "mute",
                ["sh", "-c"] + [
                    "exec '\(RunningServer.binary)' serve --listen 127.0.0.1:0 "
                        + "--data '\(workspace.path)/mute' >/dev/full"
                ]
            )
            _ = try wait(for: "log line instead") {
                try #require(started.process.ended() == nil, "it ended: \(started.output)")
                return started.output.contains("noSpace") ? true : nil
            }
            #expect(started.output.contains("is ready on http://127.0.0.1:"))
            started.process.send(SIGTERM)
            #expect(started.process.wait(atMost: .seconds(300)) == .exited(0))
        }
    }
}
