// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Simulation
import Testing

/// A registry that answers everything with one status and one digest.
private struct Stubborn: Handler {
    var status: Int
    var digest: String?

    func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        var headers = Headers()
        if let digest { headers.append("Docker-Content-Digest", digest) }
        return Response(status: status, headers: headers, body: .bytes([1, 2, 3]))
    }
}

/// The judges of answers are worth what they find: here they meet registries that are wrong.
@Suite struct `A client that judges` {
    private func violations(
        _ server: Stubborn,
        _ story: @escaping @Sendable (inout Client) async -> Void
    ) throws -> [Invariant] {
        let timeline = Timeline()
        let trace = Trace()
        let findings = Findings(trace: trace)
        let network = SimulatedNetwork(
            generator: SeededGenerator(seed: 1),
            timeline: timeline,
            faults: NetworkFaults()
        )
        network.connect(server, isReachable: { true })
        let executor = SeededExecutor(
            generator: SeededGenerator(seed: 2),
            timeline: timeline,
            trace: trace
        )
        var generator = SeededGenerator(seed: 3)
        let client = Client(
            number: 1,
            content: Content(&generator),
            network: network,
            ledger: Ledger(),
            findings: findings,
            timeline: timeline,
            trace: trace,
            generator: generator
        )
        try executor.run {
            var client = client
            await story(&client)
        }
        return findings.violations.map(\.invariant)
    }

    @Test func `is content with a registry that has nothing`() throws {
        #expect(try violations(Stubborn(status: 404)) { await $0.audit() } == [])
    }

    @Test func `sees content that nobody brought`() throws {
        let found = try violations(Stubborn(status: 200)) { await $0.audit() }
        #expect(found.contains(.noLeak))
        #expect(found.contains(.exactBytes))
    }

    @Test func `sees a registry that forgets what it acknowledged`() throws {
        // Every push is acknowledged, and every pull finds nothing.
        let found = try violations(Stubborn(status: 201)) { await $0.run(operations: 40) }
        #expect(!found.isEmpty)
    }

    @Test func `sees an answer that fits no request`() throws {
        let found = try violations(Stubborn(status: 403)) { await $0.run(operations: 20) }
        #expect(found.contains(.answers))
    }
}
