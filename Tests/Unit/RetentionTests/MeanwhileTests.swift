// SPDX-License-Identifier: Apache-2.0

import Contracts
import OCI
import Platform
import Registry
import Testing

@testable import Retention

/// What happens around a run while it is under way.
@Suite(.timeLimit(.minutes(5))) struct `A run that is under way` {
    private let newest = Policy(rules: [.newest(1)])

    @Test(arguments: [Policy(rules: []), Policy(rules: [.newest(2)])])
    func `ends nothing by a policy that is in force no more`(_ policy: Policy) async throws {
        let sequencer = GatedSequencer()
        let test = try Fixture(sequencer: sequencer)
        let first = try await test.push("first", tags: ["v1"])
        test.clocks.advance(.seconds(1))
        let second = try await test.push("second", tags: ["v2"])
        try await test.push("old", to: "team/tool", tags: ["v1"])
        test.pass(days: 40)
        try await test.push("third", tags: ["v3"])
        try await test.push("new", to: "team/tool", tags: ["v2"])
        try await test.retention.set(newest, for: "team")
        test.before { removed in
            if removed.removal.image.digest == first { sequencer.close() }
        }
        let batches = sequencer.batches.count
        async let running = test.retention.run()
        while sequencer.batches.count == batches { await Task.yield() }
        // It is decided next: behind the first image and before the second.
        async let setting: Void = test.retention.set(policy, for: "team")
        while test.registry.registrar.statistics.waiting == 0 { await Task.yield() }
        sequencer.open()
        let round = try await running
        try await setting
        #expect(round.removed == 1 && round.changed == 0)
        #expect(round.superseded == ["team"] && round.repositories == 1)
        #expect(test.endings.map(\.digest) == [first, second])
        #expect(test.endings.map(\.ending) == [.removed, .stayed])
        #expect(try await test.has(second))
    }
}
