// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `With podman and buildah` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        // F-ICR-04.
        @Test func `an image is pulled and run by podman, and one built on it is pushed`() throws {
            let image = try DebianImage.get()
            let server = try RunningServer(in: workspace)
            let storage = try Storage(in: workspace)
            let base = "\(server.address)/team/debian:v1"
            try workspace.copy("oci:\(image.layout):v1", to: "docker://\(base)")

            try storage.podman("pull", "--tls-verify=false", base)
            let pulled = try storage.podman("image", "inspect", "--format={{.Digest}}", base)
            #expect(pulled.line == image.digest)
            #expect(try run(base, by: storage) == DebianImage.greeting)

            let container = try storage.buildah("from", "--pull-never", base).line
            let file = try workspace.write("built by buildah\n", to: "file")
            try storage.buildah("copy", container, file, "/greeting")
            let built = "\(server.address)/own/built:v1"
            try storage.buildah("commit", container, built)
            try storage.buildah("push", "--tls-verify=false", built)
            try storage.buildah("rm", "--all")
            try storage.podman("image", "rm", "--force", built)
            try storage.podman("pull", "--tls-verify=false", built)
            #expect(try run(built, by: storage) == "built by buildah")
            try storage.podman("tag", built, "\(server.address)/own/again:v1")
            try storage.podman("push", "--tls-verify=false", "\(server.address)/own/again:v1")
            #expect(server.stop() == .exited(0))
        }

        // F-ICR-03.
        @Test func `buildah pushes an index with its children`() throws {
            let server = try RunningServer(in: workspace)
            let storage = try Storage(in: workspace)
            let multi = try MultiArchImage(in: workspace)
            let reference = "\(server.address)/team/multi:v1"
            try storage.buildah(
                "manifest",
                "push",
                "--all",
                "--tls-verify=false",
                "multi",
                "docker://\(reference)"
            )
            #expect(try workspace.digest(of: reference) == multi.digest)
            try workspace.compare(reference, with: multi.layout, "--all")
            #expect(server.stop() == .exited(0))
        }

        private func run(_ image: String, by storage: Storage) throws -> String {
            // Without the limits it asks for more than the machine allows.
            try storage.podman(
                "run",
                "--rm",
                "--network=none",
                "--ulimit=nofile=1024:1024",
                "--ulimit=nproc=1000:1000",
                image,
                "/bin/cat",
                "/greeting"
            ).line
        }
    }
}
