// SPDX-License-Identifier: Apache-2.0

import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `When the server goes away and comes back` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        /// A layout of one image whose only layer are so many random MiB; its digest.
        private func image(mebibytes: Int) throws -> (layout: String, layer: String) {
            let blobs = "\(workspace.path)/layout/blobs/sha256"
            try workspace.must("mkdir", "-p", blobs)
            let config = "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
            try workspace.write(config, to: "config")
            let layer = "\(workspace.path)/layer"
            try workspace.must("sh", "-c", "head -c \(mebibytes)M /dev/urandom >'\(layer)'")
            func keep(_ name: String) throws -> String {
                let sum = try workspace.must("sha256sum", "\(workspace.path)/\(name)").prefix(64)
                try workspace.must("mv", "\(workspace.path)/\(name)", "\(blobs)/\(sum)")
                return "sha256:\(sum)"
            }
            let layerDigest = try keep("layer")
            let type = "application/vnd.oci.image.manifest.v1+json"
            let manifest = """
                {"schemaVersion":2,"mediaType":"\(type)",\
                "config":{"mediaType":"application/vnd.oci.image.config.v1+json",\
                "digest":"\(try keep("config"))","size":\(config.utf8.count)},\
                "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",\
                "digest":"\(layerDigest)","size":\(mebibytes << 20)}]}
                """
            try workspace.write(manifest, to: "manifest")
            let index = """
                {"schemaVersion":2,"manifests":[{"mediaType":"\(type)",\
                "digest":"\(try keep("manifest"))","size":\(manifest.utf8.count)}]}
                """
            try workspace.write(index, to: "layout/index.json")
            try workspace.write(#"{"imageLayoutVersion":"1.0.0"}"#, to: "layout/oci-layout")
            return ("\(workspace.path)/layout", layerDigest)
        }

        // R-HAR-07: what had come stays, and the rest is asked for by range.
        @Test func `a pull that an outage broke off goes on where it was`() throws {
            let (layout, layer) = try image(mebibytes: 512)
            let server = try RunningServer(in: workspace)
            try workspace.must(
                RunningServer.binary,
                "image",
                "import",
                layout,
                "team/app:v1",
                "--data",
                server.data
            )
            let engine = try ContainerdEngine(in: workspace)
            let fetch =
                ["ctr", "--address", engine.socket, "content", "fetch", "--plain-http"]
                + ["--all-platforms"]
            let name = "\(server.address)/team/app:v1"
            var pull = try workspace.start("pull", fetch + [name])
            let parts = "\(workspace.path)/containerd/io.containerd.content.v1.content/ingest"
            _ = try wait(for: "part of the layer") {
                if let ending = pull.process.ended() {
                    // It was over before anybody looked: once more, with the layer still to come.
                    try #require(ending == .exited(0), "\(pull.output)")
                    try engine.ctr("content", "rm", layer)
                    pull = try workspace.start("pull", fetch + [name])
                }
                let large = ["find", parts, "-name", "data", "-size", "+8M"]
                return workspace.run(large).output.contains("/data") ? true : nil
            }
            server.kill()
            let again = try RunningServer(in: workspace, listen: server.address)
            // It goes on by itself when the server is back soon enough, or else when it is repeated.
            if pull.process.wait() != .exited(0) { try workspace.must(fetch + [name]) }
            try workspace.must(
                "sh",
                "-c",
                """
                ctr --address '\(engine.socket)' content get '\(layer)' |
                cmp - '\(layout)/blobs/sha256/\(layer.dropFirst(7))'
                """
            )
            #expect(again.output.contains("status=206"), "\(again.output)")
            #expect(again.stop() == .exited(0))
        }
    }
}
