// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

/// A certificate authority of our own, and an address of our own with its certificate.
///
/// Not loopback: there docker checks no certificate. The address is one of those for benchmarks
/// (RFC 2544), on a bridge that goes with the workspace.
struct Authority {
    /// The authority's certificate.
    let certificate: String
    /// A directory that has it as `ca.crt`, as skopeo and podman want it.
    let directory: String
    /// The address that the server's certificate is for.
    let address: String
    /// A configuration file for a server at that address.
    let configuration: String

    init(in workspace: Workspace) throws {
        let bytes = LinuxRandom().bytes(3)
        address = "198.\(18 + bytes[0] % 2).\(bytes[1]).\(1 + bytes[2] % 254)"
        let bridge = "bw\(Identifier(from: LinuxRandom()))".prefix(15).description
        try workspace.must("ip", "link", "add", bridge, "type", "bridge")
        workspace.atEnd { [workspace = workspace.path] in
            _ = try? ChildProcess(
                ["ip", "link", "delete", bridge],
                output: "\(workspace)/ip.log"
            ).wait()
        }
        try workspace.must("ip", "address", "add", "\(address)/32", "dev", bridge)
        try workspace.must("ip", "link", "set", bridge, "up")

        directory = try workspace.directory("authority")
        certificate = "\(directory)/ca.crt"
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]
        let hidden = try workspace.directory("keys")
        try workspace.must(
            ["openssl", "req", "-x509"] + key + [
                "\(hidden)/ca.key", "-out", certificate, "-days", "2", "-subj", "/CN=Our authority",
            ]
        )
        try workspace.must(
            ["openssl", "req"] + key + [
                "\(hidden)/server.key", "-out", "\(hidden)/server.csr", "-subj", "/CN=registry",
            ]
        )
        let names = try workspace.write("subjectAltName=IP:\(address)\n", to: "keys/names")
        try workspace.must(
            "openssl",
            "x509",
            "-req",
            "-in",
            "\(hidden)/server.csr",
            "-CA",
            certificate,
            "-CAkey",
            "\(hidden)/ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            names,
            "-out",
            "\(hidden)/server.crt"
        )
        configuration = try workspace.write(
            """
            open: true
            tls:
              certificate: \(hidden)/server.crt
              key: \(hidden)/server.key

            """,
            to: "tls.yaml"
        )
    }

    /// Starts a server with this certificate at this address.
    func server(in workspace: Workspace) throws -> RunningServer {
        try RunningServer(
            in: workspace,
            listen: "\(address):0",
            arguments: ["--config", configuration]
        )
    }
}
