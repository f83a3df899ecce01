// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `With containerd` {
        // F-ICR-04.
        @Test func `an image is pulled bit for bit, run, and pushed elsewhere`() throws {
            let workspace = try Workspace()
            let image = try DebianImage.get()
            let server = try RunningServer(in: workspace)
            let engine = try ContainerdEngine(in: workspace)
            let first = "\(server.address)/team/debian:v1"
            let second = "\(server.address)/team/copy:v1"
            try workspace.copy("oci:\(image.layout):v1", to: "docker://\(first)")

            try engine.ctr("images", "pull", "--plain-http", first)
            for digest in image.blobs {
                try workspace.must(
                    "sh",
                    "-c",
                    """
                    ctr --address '\(engine.socket)' content get '\(digest)' |
                    cmp - '\(image.layout)/blobs/sha256/\(digest.split(separator: ":")[1])'
                    """
                )
            }
            let said = try engine.ctr("run", "--rm", first, "greeter", "/bin/cat", "/greeting")
            #expect(said.line == DebianImage.greeting)

            try engine.ctr("images", "tag", first, second)
            try engine.ctr("images", "push", "--plain-http", second)
            #expect(try workspace.digest(of: second) == image.digest)
            #expect(server.stop() == .exited(0))
        }
    }
}
