// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `Over TLS with an authority of our own` {
        private let workspace: Workspace
        private let authority: Authority
        private let server: RunningServer
        private let image: MultiArchImage

        init() throws {
            workspace = try Workspace()
            authority = try Authority(in: workspace)
            server = try authority.server(in: workspace)
            image = try MultiArchImage(in: workspace)
            try workspace.must(
                "skopeo",
                "copy",
                "--all",
                "--preserve-digests",
                "--dest-cert-dir",
                authority.directory,
                "oci:\(image.layout):v1",
                "docker://\(server.address)/team/app:v1"
            )
        }

        private var reference: String { "\(server.address)/team/app:v1" }

        @Test func `skopeo pulls bit for bit, and refuses without the authority`() throws {
            let pulled = "\(workspace.path)/pulled"
            let pull = ["skopeo", "copy", "--all", "--preserve-digests"]
            let ends = ["docker://\(reference)", "oci:\(pulled):v1"]
            try workspace.must(pull + ["--src-cert-dir", authority.directory] + ends)
            try workspace.must("diff", "-r", "\(image.layout)/blobs", "\(pulled)/blobs")
            let refused = workspace.run(pull + ends)
            #expect(!refused.succeeded && refused.output.contains("x509"), "\(refused)")
            #expect(server.stop() == .exited(0))
        }

        @Test func `containerd pulls and pushes, and refuses without the authority`() throws {
            let engine = try ContainerdEngine(in: workspace)
            let hosts = try workspace.directory("hosts")
            _ = try workspace.directory("hosts/\(server.address)")
            try workspace.write(
                """
                server = "https://\(server.address)"
                [host."https://\(server.address)"]
                  capabilities = ["pull", "resolve", "push"]
                  ca = "\(authority.certificate)"

                """,
                to: "hosts/\(server.address)/hosts.toml"
            )
            let copy = "\(server.address)/team/copy:v1"
            try engine.ctr("images", "pull", "--hosts-dir", hosts, "--all-platforms", reference)
            try engine.ctr("images", "tag", reference, copy)
            try engine.ctr("images", "push", "--hosts-dir", hosts, copy)
            let ctr = ["ctr", "--address", engine.socket, "images", "pull"]
            let refused = workspace.run(ctr + [reference])
            #expect(!refused.succeeded && refused.output.contains("x509"), "\(refused)")
            #expect(server.stop() == .exited(0))
        }

        @Test func `docker pulls and pushes`() throws {
            let engine = try DockerEngine(in: workspace, trusting: authority.certificate)
            let copy = "\(server.address)/own/copy:v1"
            try engine.docker("pull", reference)
            try engine.docker("tag", reference, copy)
            try engine.docker("push", copy)
            try engine.docker("image", "rm", "--force", copy, reference)
            try engine.docker("pull", copy)
            #expect(server.stop() == .exited(0))
        }

        @Test func `docker refuses without the authority`() throws {
            let engine = try DockerEngine(in: workspace)
            let refused = engine.run(["pull", reference])
            #expect(!refused.succeeded && refused.output.contains("x509"), "\(refused)")
            #expect(server.stop() == .exited(0))
        }
    }
}
