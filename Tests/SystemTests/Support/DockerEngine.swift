// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

/// A docker engine of our own on a private socket, with a containerd of its own.
struct DockerEngine {
    private let containerd: ContainerdEngine
    private let host: String
    private let configuration: String
    var workspace: Workspace { containerd.workspace }

    /// Starts one; `certificates` is the authority it trusts besides none.
    init(in workspace: Workspace, trusting certificates: String? = nil) throws {
        containerd = try ContainerdEngine(in: workspace)
        let path = workspace.path
        let host = "unix://\(path)/docker.sock"
        let configuration = try workspace.directory("docker-client")
        self.host = host
        self.configuration = configuration
        // Only absolute paths: a relative data root makes it spin for ever.
        let daemon = try workspace.start(
            "dockerd",
            [
                "dockerd", "--containerd", containerd.socket, "--host", host,
                "--data-root", "\(path)/docker", "--exec-root", "\(path)/docker-state",
                "--pidfile", "\(path)/docker.pid", "--iptables=false", "--bridge=none",
            ],
            environment: certificates.map { [("SSL_CERT_FILE", $0)] } ?? []
        )
        _ = try wait(for: "docker engine") {
            try #require(daemon.process.ended() == nil, "it ended: \(daemon.output)")
            return workspace.run(["docker", "--host", host, "version"]).succeeded ? true : nil
        }
    }

    /// Runs `docker` and returns how that went.
    func run(_ arguments: [String]) -> Workspace.Finished {
        workspace.run(["docker", "--config", configuration, "--host", host] + arguments)
    }

    /// Runs `docker`, which must succeed, and returns what it said.
    @discardableResult
    func docker(
        _ arguments: String...,
        location: SourceLocation = #_sourceLocation
    ) throws -> String {
        try workspace.must(
            ["docker", "--config", configuration, "--host", host] + arguments,
            environment: [("DOCKER_BUILDKIT", "0")],
            location: location
        )
    }
}
