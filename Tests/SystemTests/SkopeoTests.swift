// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

@Suite(.enabled(if: Workspace.isOn, "set BREAKWATER_SYSTEM=1; script/test does"))
struct `skopeo` {
    @Test func `an image is pushed, and pulled bit for bit, also after a restart`() throws {
        let workspace = try Workspace()
        let image = try OCILayout.make(in: workspace)
        let server = try RunningServer(in: workspace)
        try workspace.must(
            "skopeo",
            "copy",
            "--dest-tls-verify=false",
            "oci:\(image):v1",
            "docker://\(server.address)/team/app:v1"
        )
        #expect(server.stop() == .exited(0))
        let again = try RunningServer(in: workspace)
        try workspace.must(
            "skopeo",
            "copy",
            "--src-tls-verify=false",
            "--preserve-digests",
            "docker://\(again.address)/team/app:v1",
            "oci:\(workspace.path)/pulled:v1"
        )
        try workspace.must("diff", "-r", "\(image)/blobs", "\(workspace.path)/pulled/blobs")
        let tags = try workspace.must(
            "skopeo",
            "list-tags",
            "--tls-verify=false",
            "docker://\(again.address)/team/app"
        )
        #expect(tags.contains("\"v1\""))
        #expect(again.stop() == .exited(0))
    }
}
