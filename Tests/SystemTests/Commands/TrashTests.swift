// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `The trash as built` {
        private let workspace: Workspace
        private let image: MultiArchImage
        private let server: RunningServer

        init() throws {
            workspace = try Workspace()
            image = try MultiArchImage(in: workspace)
            server = try RunningServer(in: workspace)
        }

        private func run(_ words: [String]) -> Workspace.Finished {
            workspace.run([RunningServer.binary] + words + ["--data", server.data])
        }

        @discardableResult
        private func must(_ words: String...) throws -> String {
            let finished = run(words)
            try #require(finished.succeeded, "\(words.joined(separator: " ")): \(finished)")
            return finished.output
        }

        private func referrers() async throws -> String {
            try await server.ask("GET", "/v2/team/app/referrers/\(image.digest)").text
        }

        // R-ICR-20, F-ICR-16, F-ICR-17
        @Test func `a deleted image comes back by tag and by digest, with its signature`()
            async throws
        {
            let reference = "\(server.address)/team/app:v1"
            try workspace.copy("oci:\(image.layout):v1", to: "docker://\(reference)", "--all")
            let cosign = "sha256-\(image.digest.dropFirst(7)).sig"
            let signature = try await server.pushArtifact(
                to: "team/app",
                about: image,
                as: cosign,
                workspace
            )
            for name in ["team/app:v1", "team/app@\(image.digest)"] {
                try must("image", "delete", "team/app:v1")
                let pulled = workspace.run(
                    ["skopeo", "inspect", "--tls-verify=false", "docker://\(reference)"]
                )
                #expect(!pulled.succeeded)
                #expect(try await !referrers().contains(signature))
                #expect(try must("trash", "list").contains("team/app  2 manifests"))
                let list = try must("trash", "list", "team/app")
                for text in [image.digest, signature, "v1  was", "\(cosign)  was"] {
                    #expect(list.contains(text))
                }
                let restored = try must("trash", "restore", name, "--reason", "it is needed")
                #expect(restored.contains("2 manifests and 2 tags of 'team/app' are back"))
                try workspace.compare(reference, with: image.layout, "--all")
                #expect(try await referrers().contains(signature))
                let found = try await server.ask("HEAD", "/v2/team/app/manifests/\(cosign)")
                #expect(found.headers["Docker-Content-Digest"] == signature)
                #expect(try must("journal", "list").contains("because: it is needed"))
                try workspace.must(
                    "rm",
                    "-rf",
                    "\(workspace.path)/pulled-\(reference.filter { $0.isLetter || $0.isNumber })"
                )
            }
            #expect(run(["trash", "restore", "team/app:v1"]).ending == .exited(4))
        }

        @Test func `a repository comes back whole, and a purge asks first`() throws {
            try must("image", "import", image.layout, "team/app:v1")
            try must("repository", "delete", "team/app")
            #expect(try must("repository", "list").isEmpty)
            try must("repository", "restore", "team/app")
            try workspace.compare("\(server.address)/team/app:v1", with: image.layout, "--all")
            try must("image", "delete", "team/app:v1")
            let purge = ["trash", "purge", "team/app@\(image.digest)"]
            #expect(run(purge).ending == .exited(4))
            #expect(run(purge + ["--yes", "--now"]).output.contains("count on it until"))
            #expect(run(purge + ["--yes"]).succeeded)
            #expect(run(purge + ["--yes"]).ending == .exited(4))
            let restored = run(["trash", "restore", "team/app@\(image.digest)"])
            #expect(restored.ending == .exited(4))
        }

        @Test func `the clock is shown and accepted`() throws {
            #expect(try must("clock", "status").contains("Z"))
            #expect(try must("clock", "accept", "--json").contains("\"time\":"))
            #expect(try must("status").contains("trash      0 manifests"))
        }
    }
}
