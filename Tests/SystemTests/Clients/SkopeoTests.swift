// SPDX-License-Identifier: Apache-2.0

import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `With skopeo` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        // F-ICR-04, R-ICR-13: the same digest wherever the image goes.
        @Test func `an image is pushed, copied and pulled bit for bit, also after a restart`()
            throws
        {
            let image = try DebianImage.get()
            let server = try RunningServer(in: workspace)
            let first = "\(server.address)/team/debian:v1"
            try workspace.copy("oci:\(image.layout):v1", to: "docker://\(first)")
            #expect(try workspace.digest(of: first) == image.digest)
            // Between repositories: what is there already is mounted or found, not sent again.
            let second = "\(server.address)/other/deep/debian:v2"
            try workspace.copy("docker://\(first)", to: "docker://\(second)")
            #expect(server.stop() == .exited(0))

            let again = try RunningServer(in: workspace)
            try workspace.compare("\(again.address)/team/debian:v1", with: image.layout)
            try workspace.compare("\(again.address)/other/deep/debian:v2", with: image.layout)
            let tags = try workspace.must(
                "skopeo",
                "list-tags",
                "--tls-verify=false",
                "docker://\(again.address)/team/debian"
            )
            #expect(tags.contains("\"v1\""))
            #expect(again.stop() == .exited(0))
        }

        // F-ICR-03, F-ICR-04.
        @Test func `a multi-architecture index travels with all its children`() throws {
            let image = try MultiArchImage(in: workspace)
            let server = try RunningServer(in: workspace)
            let first = "\(server.address)/team/multi:v1"
            try workspace.copy("oci:\(image.layout):v1", to: "docker://\(first)", "--all")
            let second = "\(server.address)/copies/multi:v1"
            try workspace.copy("docker://\(first)", to: "docker://\(second)", "--all")
            for reference in [first, second] {
                try workspace.compare(reference, with: image.layout, "--all")
            }
            let raw = try workspace.must(
                "skopeo",
                "inspect",
                "--raw",
                "--tls-verify=false",
                "docker://\(second)"
            )
            #expect(raw.contains("\"arm64\"") && raw.contains("\"amd64\""))
            #expect(server.stop() == .exited(0))
        }

        // R-ICR-13, R-ICR-14: two registries that share nothing.
        @Test
        func `a repository copied to another registry has its digests, and a life of its own`()
            async throws
        {
            let image = try MultiArchImage(in: workspace)
            let here = try RunningServer(in: workspace, data: "here")
            let there = try RunningServer(in: workspace, data: "there")
            let name = "docker://\(here.address)/team/app"
            // One architecture of it, all of it, and a signature as cosign makes it.
            try workspace.copy("oci:\(image.layout):v1", to: "\(name):one")
            try workspace.copy("oci:\(image.layout):v1", to: "\(name):v1", "--all")
            let signature = "sha256-\(image.digest.dropFirst(7)).sig"
            try await here.pushArtifact(to: "team/app", about: image, as: signature, workspace)
            try workspace.must(
                ["skopeo", "sync", "--all", "--preserve-digests"] + [
                    "--src-tls-verify=false", "--dest-tls-verify=false", "--src", "docker",
                    "--dest", "docker", "\(here.address)/team/app", "\(there.address)/from",
                ]
            )
            for tag in ["one", "v1", signature] {
                let first = try await here.ask("HEAD", "/v2/team/app/manifests/\(tag)")
                let second = try await there.ask("HEAD", "/v2/from/app/manifests/\(tag)")
                let digest = try #require(first.headers["Docker-Content-Digest"])
                #expect(second.headers["Docker-Content-Digest"] == digest)
            }
            try workspace.compare("\(there.address)/from/app:v1", with: image.layout, "--all")
            // What happens to one of them later does not reach the other: another image under the tag,
            // and then no image at all.
            let other = try MultiArchImage(in: workspace, as: "other")
            try workspace.copy("oci:\(other.layout):v1", to: "\(name):v1", "--all")
            #expect(try workspace.digest(of: "\(here.address)/team/app:v1") == other.digest)
            #expect(try workspace.digest(of: "\(there.address)/from/app:v1") == image.digest)
            for reference in [image.digest, other.digest, "one"] {
                let path = "/v2/team/app/manifests/\(reference)"
                #expect(try await here.ask("DELETE", path).status == 202)
            }
            try workspace.compare("\(there.address)/from/app:v1", with: image.layout, "--all")
            for server in [here, there] { #expect(server.stop() == .exited(0)) }
        }

        @Test func `an image converted on its way keeps what is in it`() throws {
            let image = try MultiArchImage(in: workspace)
            let server = try RunningServer(in: workspace)
            for (tag, options) in [
                ("schema2", ["--format", "v2s2"]), ("zstd", ["--dest-compress-format", "zstd"]),
            ] {
                try workspace.must(
                    ["skopeo", "copy", "--dest-tls-verify=false"] + options + [
                        "oci:\(image.layout):v1", "docker://\(server.address)/team/app:\(tag)",
                    ]
                )
                let pulled = try workspace.directory("pulled-\(tag)")
                try workspace.must(
                    "skopeo",
                    "copy",
                    "--src-tls-verify=false",
                    "--preserve-digests",
                    "docker://\(server.address)/team/app:\(tag)",
                    "dir:\(pulled)"
                )
                let digest = try workspace.digest(of: "\(server.address)/team/app:\(tag)")
                let sum = try workspace.must("sha256sum", "\(pulled)/manifest.json")
                #expect("sha256:\(sum.prefix(64))" == digest)
            }
            // F-ICR-03: of an index docker's format makes a manifest list.
            let list = "\(server.address)/team/app:list"
            try workspace.must(
                ["skopeo", "copy", "--dest-tls-verify=false", "--all", "--format", "v2s2"] + [
                    "oci:\(image.layout):v1", "docker://\(list)",
                ]
            )
            let inspect = ["skopeo", "inspect", "--raw", "--tls-verify=false"]
            let raw = try workspace.must(inspect + ["docker://\(list)"])
            #expect(raw.contains("application/vnd.docker.distribution.manifest.list.v2+json"))
            #expect(server.stop() == .exited(0))
        }

        @Test func `a deleted image is gone, and its neighbour is not`() throws {
            let image = try MultiArchImage(in: workspace)
            let server = try RunningServer(in: workspace)
            for repository in ["team/a", "team/b"] {
                try workspace.copy(
                    "oci:\(image.layout):v1",
                    to: "docker://\(server.address)/\(repository):v1",
                    "--all"
                )
            }
            try workspace.must(
                "skopeo",
                "delete",
                "--tls-verify=false",
                "docker://\(server.address)/team/a:v1"
            )
            let gone = workspace.run([
                "skopeo", "inspect", "--tls-verify=false", "docker://\(server.address)/team/a:v1",
            ])
            #expect(!gone.succeeded)
            try workspace.compare("\(server.address)/team/b:v1", with: image.layout, "--all")
            #expect(server.stop() == .exited(0))
        }
    }
}
