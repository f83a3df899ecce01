// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import HTTP
import HTTPClient
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `With many connections` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        /// A file with a deadline, and for TLS.
        private func configuration(
            headerDeadline: String,
            isEncrypted: Bool = true
        ) throws -> String {
            let connections = "connections:\n  header-deadline: \(headerDeadline)\n"
            guard isEncrypted else { return try workspace.write(connections, to: "plain.yaml") }
            let files = workspace.path
            let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            try workspace.must(
                ["openssl", "req", "-x509", "-subj", "/CN=here", "-keyout", "\(files)/key.pem"]
                    + ["-addext", "subjectAltName=IP:127.0.0.1"]
                    + key + ["-out", "\(files)/certificate.pem"]
            )
            return try workspace.write(
                connections + """
                    tls:
                      certificate: \(files)/certificate.pem
                      key: \(files)/key.pem

                    """,
                to: "tls.yaml"
            )
        }

        @Test(arguments: ["http", "https"])
        func `ten thousand without a request cost little memory and delay nobody`(
            scheme: String
        ) async throws {
            let count = 10_000
            try #require(OpenFileLimit.raise() > UInt64(count + 500), "raise `ulimit -Hn`")
            let server = try RunningServer(
                in: workspace,
                arguments: [
                    "--config",
                    try configuration(headerDeadline: "5m", isEncrypted: scheme == "https"),
                ]
            )
            var options = Client.Options(base: "\(scheme)://\(server.address)")
            if scheme == "https" { options.authorities = "\(workspace.path)/certificate.pem" }
            options.connectTimeout = .seconds(300)
            #expect(try await Client(options).ask("GET", "/v2/").status == 200)
            let before = try server.residentKiB()
            let silent = try (0..<count).map { _ in try SilentClient(server.address) }
            var took: [Duration] = []
            for _ in 0..<20 {
                let began = ContinuousClock.now
                #expect(try await Client(options).ask("GET", "/v2/").status == 200)
                took.append(ContinuousClock.now - began)
            }
            // A machine that stands still for a while delays one or two of them; nobody waits for the deadline.
            took.sort()
            #expect(took[took.count - 3] < .seconds(1), "new clients waited for \(took)")
            #expect(took[took.count - 1] < .seconds(60), "new clients waited for \(took)")
            let metrics = try await Client(options).ask("GET", "/metrics").text
            let connections = metrics.split(separator: "\n")
                .first { $0.hasPrefix("breakwater_connections ") }
                .flatMap { Double($0.split(separator: " ")[1]) }
            #expect(try #require(connections) >= Double(count))
            let cost = try server.residentKiB() - before
            #expect(cost < 100_000, "\(count) connections cost \(cost) KiB")
            #expect(silent.count == count)
            #expect(server.stop() == .exited(0))
        }

        @Test func `a TLS handshake that waits for its client costs no processor`() throws {
            let configuration = try configuration(headerDeadline: "6s")
            let server = try RunningServer(
                in: workspace,
                arguments: ["--config", configuration]
            )
            let before = try server.processorMilliseconds()
            let clients = try (0..<20).map { _ in try SilentClient(server.address) }
            // The begin of a record with a handshake, of which no more comes.
            for client in clients { client.say([0x16, 0x03, 0x01]) }
            for client in clients { #expect(client.isClosed()) }
            let cost = try server.processorMilliseconds() - before
            #expect(cost < 900, "\(clients.count) handshakes cost \(cost) ms in 6 s")
            #expect(server.stop() == .exited(0))
        }
    }
}

/// A connection that never says a word.
private final class SilentClient {
    private let descriptor: Int32

    init(_ address: String) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0, "errno \(errno)")
    }

    deinit { close(descriptor) }

    func say(_ bytes: [UInt8]) {
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Waits until the server says that nothing more comes, or something does.
    func isClosed() -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) <= 0
    }
}

extension RunningServer {
    /// How much memory it has now.
    func residentKiB() throws -> Int {
        let status = Workspace.read("/proc/\(process.id)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return try #require(line.flatMap { Int($0.split(separator: " ").dropLast().last ?? "") })
    }

    /// How much of processors it has used.
    func processorMilliseconds() throws -> Int {
        let stat = Workspace.read("/proc/\(process.id)/stat")
        // After the name, which may have blanks, fields 14 and 15 of proc(5) are these.
        let fields = try #require(stat.split(separator: ")").last).split(separator: " ")
        let ticks = try #require(Int(fields[11])) + #require(Int(fields[12]))
        return ticks * 1000 / sysconf(Int32(_SC_CLK_TCK))
    }
}
