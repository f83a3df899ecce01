// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `With the docker engine` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        // F-ICR-04.
        @Test func `an image is pulled and run, and one built on it is pushed`() throws {
            let image = try DebianImage.get()
            let server = try RunningServer(in: workspace)
            let engine = try DockerEngine(in: workspace)
            let base = "\(server.address)/team/debian:v1"
            try workspace.copy("oci:\(image.layout):v1", to: "docker://\(base)")

            try engine.docker("pull", base)
            let pulled = try engine.docker("image", "inspect", "--format={{.RepoDigests}}", base)
            #expect(pulled.contains(image.digest))
            #expect(try greeting(of: base, by: engine) == DebianImage.greeting)

            // 16 MiB that nobody has seen are uploaded; the base's layers are mounted.
            let context = try workspace.directory("context")
            try workspace.must(
                "dd",
                "if=/dev/urandom",
                "of=\(context)/random",
                "bs=1M",
                "count=16",
                "status=none"
            )
            try workspace.write("FROM \(base)\nCOPY random /random\n", to: "context/Dockerfile")
            let built = "\(server.address)/own/built:v1"
            try engine.docker("build", "--network", "none", "--tag", built, context)
            try engine.docker("push", built)
            try engine.docker("image", "rm", "--force", built, base)
            try engine.docker("pull", built)
            let random = try run(built, ["sha256sum", "/random"], by: engine)
            #expect(
                try random.prefix(64) == workspace.must("sha256sum", "\(context)/random").prefix(64)
            )
            #expect(try greeting(of: built, by: engine) == DebianImage.greeting)
            #expect(server.stop() == .exited(0))
        }

        // F-ICR-03: the list is made by docker itself, which looks for TLS before it speaks plainly.
        @Test func `a manifest list is made of two images and pulled by its name`() throws {
            let image = try MultiArchImage(in: workspace)
            let server = try RunningServer(in: workspace)
            let engine = try DockerEngine(in: workspace)
            let single = "\(server.address)/team/single"
            for architecture in ["amd64", "arm64"] {
                try workspace.must(
                    "skopeo",
                    "--override-arch",
                    architecture,
                    "copy",
                    "--format",
                    "v2s2",
                    "--dest-tls-verify=false",
                    "oci:\(image.layout):v1",
                    "docker://\(single):\(architecture)"
                )
            }
            let list = "\(server.address)/team/list:v1"
            let names = ["amd64", "arm64"].map { "\(single):\($0)" }
            try engine.docker("manifest", "create", "--insecure", list, names[0], names[1])
            try engine.docker("manifest", "push", "--insecure", list)
            let raw = try workspace.must(
                "skopeo",
                "inspect",
                "--raw",
                "--tls-verify=false",
                "docker://\(list)"
            )
            #expect(raw.contains("application/vnd.docker.distribution.manifest.list.v2+json"))
            #expect(raw.contains("\"arm64\"") && raw.contains("\"amd64\""))
            try engine.docker("pull", list)
            #expect(server.stop() == .exited(0))
        }

        private func greeting(of image: String, by engine: DockerEngine) throws -> String {
            try run(image, ["/bin/cat", "/greeting"], by: engine)
        }

        private func run(
            _ image: String,
            _ command: [String],
            by engine: DockerEngine
        ) throws -> String {
            let ran = engine.run(["run", "--rm", "--network", "none", image] + command)
            try #require(ran.succeeded, "\(ran)")
            return ran.output.line
        }
    }
}
