// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `What an operator is alarmed by` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        private func metrics(_ server: RunningServer) async throws -> [Substring] {
            try await server.ask("GET", "/metrics").text.split(separator: "\n")
        }

        /// The sum of all samples whose line begins with one of these names.
        private func sum(_ name: String, _ metrics: [Substring], with part: String = "") -> Double {
            metrics.filter { $0.hasPrefix(name) && $0.contains(part) }
                .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
                .reduce(0, +)
        }

        /// The expressions of the alerts in docs/operations/observability.md.
        private func alerts() throws -> [Substring] {
            let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
            let document = Workspace.read("\(root)/docs/operations/observability.md")
            let block = try #require(document.split(separator: "```promql\n").dropFirst().first)
            return try #require(block.split(separator: "```").first).split(separator: "\n")
        }

        // R-ACR-09.
        @Test func `a fault is in the metrics at once, where the alerts look`() async throws {
            let disk = try MemoryDisk(in: workspace, mebibytes: 512)
            let server = try RunningServer(in: workspace, data: "\(disk.path)/data")
            let failures = "status=\"507\""
            let before = try await metrics(server)
            #expect(sum("breakwater_requests_total", before, with: failures) == 0)
            #expect(sum("breakwater_ready ", before) == 1)
            let expressions = try alerts()
            #expect(expressions.contains { $0.contains("breakwater_requests_total{status=~\"5") })
            #expect(expressions.contains { $0.contains("breakwater_ready == 0") })

            try disk.fill(mebibytes: 400)
            let bytes = [UInt8](repeating: 7, count: 1 << 20)
            let path = "/v2/team/app/blobs/uploads/?digest=\(try workspace.sha256(of: bytes))"
            #expect(try await server.ask("POST", path, body: bytes).status == 507)
            // A request counts when its answer has gone, which may be a moment after it was read here.
            var after = try await metrics(server)
            for _ in 0..<10_000 where sum("breakwater_requests_total", after, with: failures) == 0 {
                after = try await metrics(server)
            }
            #expect(sum("breakwater_requests_total", after, with: failures) == 1)
            let names = expressions.flatMap { expression in
                expression.split { !$0.isLetter && $0 != "_" }
                    .filter { $0.hasPrefix("breakwater_") }
            }
            for name in names {
                #expect(after.contains { $0.hasPrefix(name) }, "nothing is called \(name)")
            }
            for name in [
                "breakwater_sweep_paused", "breakwater_clock_ahead_seconds",
                "breakwater_sweep_failed_rounds_total",
                "breakwater_retention_failed_runs_total",
            ] {
                #expect(names.contains { $0 == name }, "nobody is alarmed by \(name)")
            }
            server.kill()
            try disk.becomeReadOnly()

            let again = try RunningServer(in: workspace, data: "\(disk.path)/data")
            #expect(sum("breakwater_ready ", try await metrics(again)) == 0)
            #expect(again.stop() == .exited(0))
        }
    }
}
