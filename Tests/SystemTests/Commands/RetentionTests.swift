// SPDX-License-Identifier: Apache-2.0

import Contracts
import Crypto
import HTTP
import OCI
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `Retention as built` {
        private let workspace: Workspace
        private let server: RunningServer

        init() throws {
            workspace = try Workspace()
            server = try RunningServer(in: workspace)
        }

        private func command(_ words: String...) -> Workspace.Finished {
            workspace.run([RunningServer.binary] + words + ["--data", server.data])
        }

        /// Pushes an index of nothing under a tag.
        private func push(_ seed: String, as tag: String) async throws -> String {
            let text = """
                {"schemaVersion":2,"mediaType":"\(MediaType.ociIndex)","manifests":[],\
                "annotations":{"seed":"\(seed)"}}
                """
            let bytes = Array(text.utf8)
            let answer = try await server.ask(
                "PUT",
                "/v2/team/app/manifests/\(tag)",
                [("Content-Type", MediaType.ociIndex)],
                body: bytes
            )
            #expect(answer.status == 201)
            return Digest.of(bytes).description
        }

        @Test func `a policy is planned, set, run, and spares what was pulled today by HEAD`()
            async throws
        {
            try waitForDayWithTimeLeft()
            let old = try await push("1", as: "v1")
            let older = try await push("2", as: "v2")
            _ = try await push("3", as: "v3")
            let file = try workspace.write(#"{"rules":[{"keepNewest":1}]}"#, to: "policy.json")
            #expect(command("retention", "set", "nobody", file).ending == .exited(4))
            #expect(
                command("retention", "set", "team", "\(workspace.path)/none").ending == .exited(2)
            )
            #expect(command("retention", "run", "team").ending == .exited(4))
            let dry = command("retention", "plan", "team", file)
            #expect(dry.ending == .exited(6))
            #expect(
                dry.output.contains(
                    "- team/app@\(old) (v1)  rule 1: number 3 of 3 by push, the newest 1 stay\n"
                )
            )
            #expect(dry.output.contains("would remove 2 of 3 images: 2 manifests"))
            let set = command("retention", "set", "team", file)
            #expect(set.ending == .exited(0) && set.output.contains("will remove 2 of 3 images"))
            #expect(
                command("retention", "list").output.contains(#"team  {"rules":[{"keepNewest":1"#)
            )
            // From the catalog, then from memory.
            for _ in 0..<2 {
                #expect(try await server.ask("HEAD", "/v2/team/app/manifests/v2").status == 200)
            }
            let run = command("retention", "run", "--json")
            #expect(run.ending == .exited(0) && run.output.contains("\"removed\":1"))
            #expect(try await server.ask("HEAD", "/v2/team/app/manifests/v1").status == 404)
            #expect(try await server.ask("HEAD", "/v2/team/app/manifests/\(older)").status == 200)
            let after = command("retention", "plan")
            #expect(after.ending == .exited(0) && after.output.contains("(v2)  pulled today"))
            let journal = command("journal", "list").output
            #expect(journal.contains("because: rule 1: number 3 of 3 by push, the newest 1 stay"))
            #expect(journal.contains("pulled on "))
        }

        @Test func `waits for the next day after a crash, which may have lost pulls of this one`()
            async throws
        {
            try waitForDayWithTimeLeft()
            _ = try await push("1", as: "v1")
            _ = try await push("2", as: "v2")
            let file = try workspace.write(#"{"rules":[{"keepNewest":1}]}"#, to: "policy.json")
            #expect(command("retention", "set", "team", file).ending == .exited(0))
            server.kill()
            let settings = try workspace.write("retention:\n  interval: 10s\n", to: "settings.yaml")
            let again = try RunningServer(
                in: workspace,
                data: server.data,
                arguments: ["--config", settings]
            )
            _ = try wait(for: "word that it waits") {
                again.output.contains("retention waits for tomorrow") ? true : nil
            }
            #expect(try await again.ask("HEAD", "/v2/team/app/manifests/v1").status == 200)
            // Who asks for it has it.
            #expect(command("retention", "run").ending == .exited(0))
            #expect(try await again.ask("HEAD", "/v2/team/app/manifests/v2").status == 200)
        }

        @Test func `pulls are written when a server stops`() async throws {
            let digest = try await push("1", as: "v1")
            #expect(try await server.ask("GET", "/v2/team/app/manifests/v1").status == 200)
            #expect(server.stop() == .exited(0))
            let again = try RunningServer(in: workspace, data: server.data)
            let listed = workspace.run([
                RunningServer.binary, "journal", "list", "--data", again.data,
            ])
            #expect(listed.output.contains("team/app: manifest \(digest) pulled on "))
        }
    }
}
