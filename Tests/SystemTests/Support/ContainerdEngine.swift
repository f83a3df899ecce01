// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

/// A containerd of our own on a private socket.
///
/// It never collects garbage: a pull that fails gives up its lease, and what had come would be gone
/// with it at a moment that depends on the load of the machine.
struct ContainerdEngine {
    let workspace: Workspace
    let socket: String

    init(in workspace: Workspace) throws {
        self.workspace = workspace
        let path = workspace.path
        let socket = "\(path)/containerd.sock"
        self.socket = socket
        let configuration = try workspace.write(
            """
            version = 2
            root = "\(path)/containerd"
            state = "\(path)/containerd-state"
            disabled_plugins = ["io.containerd.grpc.v1.cri"]
            [grpc]
              address = "\(socket)"
            [plugins."io.containerd.gc.v1.scheduler"]
              startup_delay = "0s"
              deletion_threshold = 1000000
              mutation_threshold = 0

            """,
            to: "containerd.toml"
        )
        let daemon = try workspace.start("containerd", ["containerd", "--config", configuration])
        _ = try wait(for: "containerd") {
            try #require(daemon.process.ended() == nil, "it ended: \(daemon.output)")
            return workspace.run(["ctr", "--address", socket, "version"]).succeeded ? true : nil
        }
    }

    /// Runs `ctr`, which must succeed, and returns what it said.
    @discardableResult
    func ctr(_ arguments: String..., location: SourceLocation = #_sourceLocation) throws -> String {
        try workspace.must(["ctr", "--address", socket] + arguments, location: location)
    }
}
