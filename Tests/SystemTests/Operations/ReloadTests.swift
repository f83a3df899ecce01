// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import HTTP
import HTTPClient
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `Told to read again` {
        private let workspace: Workspace
        private let server: RunningServer

        init() throws {
            workspace = try Workspace()
            for name in ["first", "second"] {
                try workspace.must(
                    ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)"]
                        + ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
                        + ["-addext", "subjectAltName=IP:127.0.0.1"]
                        + ["-keyout", "\(workspace.path)/\(name).key"]
                        + ["-out", "\(workspace.path)/\(name).crt"]
                )
            }
            server = try RunningServer(
                in: workspace,
                arguments: ["--config", try Self.configure(workspace, "first")]
            )
        }

        /// Writes the configuration anew, with the certificate of that name.
        @discardableResult
        private static func configure(_ workspace: Workspace, _ name: String) throws -> String {
            let files = "certificate: \(workspace.path)/\(name).crt"
            return try workspace.write(
                "tls:\n  \(files)\n  key: \(workspace.path)/\(name).key\n",
                to: "tls.yaml"
            )
        }

        /// Sends SIGHUP and waits until the log has one more of these lines.
        private func reload(until line: String) throws {
            func count() -> Int { server.output.split(separator: line).count }
            let before = count()
            server.process.send(SIGHUP)
            _ = try wait(for: "line with '\(line)'") { count() > before ? true : nil }
        }

        /// Whether a new connection is shown the certificate of that name.
        private func shows(_ name: String) async throws -> Bool {
            var options = Client.Options(base: "https://\(server.address)")
            options.authorities = "\(workspace.path)/\(name).crt"
            options.connectTimeout = .seconds(300)
            do {
                return try await Client(options).ask("GET", "/v2/").status == 200
            } catch is TransportError { return false }
        }

        @Test func `a certificate of another file is shown, and one that is none is not`()
            async throws
        {
            #expect(try await shows("first"))
            #expect(try await !shows("second"))
            try Self.configure(workspace, "second")
            try reload(until: " reloaded")
            #expect(try await shows("second"))
            #expect(try await !shows("first"))

            try Self.configure(workspace, "none")
            try reload(until: "none.crt")
            try workspace.write("no certificate\n", to: "second.key")
            try Self.configure(workspace, "second")
            try reload(until: "use the new certificate")
            try workspace.write("open: false\n", to: "tls.yaml")
            try reload(until: "TLS is switched on or off")
            #expect(server.output.split(separator: "not reloaded").count == 4)
            #expect(try await shows("second"))
            #expect(server.stop() == .exited(0))
        }
    }
}
