// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `On a disk in trouble` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        // I1, I2: what was acknowledged is served, although the WAL has it and nothing may be written.
        @Test func `one that can only be read serves pulls after a crash and refuses changes`()
            async throws
        {
            let image = try MultiArchImage(in: workspace)
            let disk = try MemoryDisk(in: workspace, mebibytes: 512)
            let server = try RunningServer(in: workspace, data: "\(disk.path)/data")
            try workspace.copy(
                "oci:\(image.layout):v1",
                to: "docker://\(server.address)/team/multi:v1",
                "--all"
            )
            server.kill()
            try disk.becomeReadOnly()

            let again = try RunningServer(in: workspace, data: "\(disk.path)/data")
            try workspace.compare("\(again.address)/team/multi:v1", with: image.layout, "--all")
            #expect(try await again.ask("GET", "/contentz").status == 200)
            let ready = try await again.ask("GET", "/readyz")
            #expect(ready.status == 503)
            #expect(ready.text.contains("can only be read"))
            let upload = try await again.ask("POST", "/v2/team/multi/blobs/uploads/")
            #expect(upload.status == 503)
            let delete = try await again.ask("DELETE", "/v2/team/multi/manifests/v1")
            #expect(delete.status == 503)
            #expect(delete.text.contains("UNAVAILABLE"))
            #expect(delete.headers["Retry-After"] != nil)
            #expect(again.stop() == .exited(0))
        }

        // I1: a full disk loses nothing.
        @Test func `a full one refuses uploads with 507, serves pulls, and recovers by itself`()
            async throws
        {
            let image = try MultiArchImage(in: workspace)
            let disk = try MemoryDisk(in: workspace, mebibytes: 64)
            let configuration = try workspace.write(
                "storage:\n  free-space-floor: 16MiB\n",
                to: "floor.yaml"
            )
            let server = try RunningServer(
                in: workspace,
                data: "\(disk.path)/data",
                arguments: ["--config", configuration]
            )
            let name = "\(server.address)/team/multi"
            try workspace.copy("oci:\(image.layout):v1", to: "docker://\(name):v1", "--all")
            try disk.fill(mebibytes: 50)
            let bytes = [UInt8](repeating: 7, count: 1 << 20)
            let digest = try workspace.sha256(of: bytes)
            let path = "/v2/team/multi/blobs/uploads/?digest=\(digest)"
            let refused = try await server.ask("POST", path, body: bytes)
            #expect(refused.status == 507)
            try workspace.compare("\(name):v1", with: image.layout, "--all")
            try disk.free()
            #expect(try await server.ask("POST", path, body: bytes).status == 201)
            let blob = try await server.ask("GET", "/v2/team/multi/blobs/\(digest)")
            #expect(blob.body == bytes)
            #expect(server.stop() == .exited(0))
        }
    }
}

extension Workspace {
    /// The digest of bytes, as coreutils count it.
    func sha256(of bytes: [UInt8]) throws -> String {
        let file = try LinuxFileSystem().directory(at: path, .mustExist)
            .open("hashed", .writeOrCreate)
        try file.truncate(to: 0)
        try file.write(bytes.span, at: 0)
        return "sha256:" + (try must("sha256sum", "\(path)/hashed")).prefix { $0 != " " }
    }
}
