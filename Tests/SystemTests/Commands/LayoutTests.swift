// SPDX-License-Identifier: Apache-2.0

import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `Image layouts` {
        private let workspace: Workspace
        private let server: RunningServer

        init() throws {
            workspace = try Workspace()
            server = try RunningServer(in: workspace)
        }

        private func command(_ words: String...) -> Workspace.Finished {
            workspace.run([RunningServer.binary] + words + ["--data", server.data])
        }

        /// Puts bytes into a layout under their sha512 and returns the digest.
        private func add(_ text: String, to layout: String) throws -> String {
            let file = try workspace.write(text, to: "blob")
            let sum = try workspace.must("sha512sum", file).prefix(128)
            try workspace.must("mv", file, "\(layout)/blobs/sha512/\(sum)")
            return "sha512:\(sum)"
        }

        /// A layout of one image in which everything goes by sha512.
        private func sha512Layout() throws -> (path: String, digest: String) {
            let layout = "\(workspace.path)/layout"
            try workspace.must("mkdir", "-p", "\(layout)/blobs/sha512")
            let type = "application/vnd.oci.image.manifest.v1+json"
            let config = try add("{}", to: layout)
            let layer = try add("a layer", to: layout)
            let manifest = """
                {"schemaVersion":2,"mediaType":"\(type)","config":{"mediaType":"a/b",\
                "digest":"\(config)","size":2},"layers":[{"mediaType":"a/b",\
                "digest":"\(layer)","size":7}]}
                """
            let digest = try add(manifest, to: layout)
            let index = """
                {"schemaVersion":2,"manifests":[{"mediaType":"\(type)","digest":"\(digest)",\
                "size":\(manifest.utf8.count)}]}
                """
            try workspace.write(index, to: "layout/index.json")
            try workspace.write(#"{"imageLayoutVersion":"1.0.0"}"#, to: "layout/oci-layout")
            return (layout, digest)
        }

        @Test func `an image of sha512 is imported and exported under its digest`() async throws {
            let (layout, digest) = try sha512Layout()
            let imported = command("image", "import", layout, "team/app:v1")
            #expect(imported.succeeded && imported.output.contains(digest), "\(imported)")
            let served = try await server.ask("HEAD", "/v2/team/app/manifests/v1")
            #expect(served.headers["Docker-Content-Digest"] == digest)
            let exported = "\(workspace.path)/exported"
            let export = command("image", "export", "team/app:v1", exported)
            #expect(export.succeeded, "\(export)")
            try workspace.must("diff", "-r", "\(layout)/blobs", "\(exported)/blobs")
            #expect(Workspace.read("\(exported)/index.json").contains("\"\(digest)\""))
        }

        @Test func `a layout whose manifest was altered is refused, and no tag is made`()
            async throws
        {
            let (layout, digest) = try sha512Layout()
            let file = "\(layout)/blobs/sha512/\(digest.dropFirst(7))"
            try workspace.must("sh", "-c", "printf ' ' >>'\(file)'")
            let refused = command("image", "import", layout, "team/app:v1")
            #expect(refused.ending == .exited(4), "\(refused)")
            #expect(refused.output.contains(digest))
            #expect(try await server.ask("HEAD", "/v2/team/app/manifests/v1").status == 404)
            let nameless = command("image", "import", layout, "team/app@\(digest)")
            #expect(nameless.ending == .exited(2), "a digest is no tag: \(nameless)")
        }
    }
}
