// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import OCI
import Platform
import Registry
import SQLite
import Testing

@testable import Retention

/// What happens around a run while it is under way.
@Suite(.timeLimit(.minutes(10))) struct `A run that is under way` {
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

    @Test func `goes on with other repositories when one fails, and names that one`() async throws {
        let test = try Fixture()
        var old: [Digest] = []
        for name in ["team/app", "team/tool"] {
            old.append(try await test.push("old", to: name, tags: ["v1"]))
        }
        test.pass(days: 40)
        for name in ["team/app", "team/tool"] {
            try await test.push("new", to: name, tags: ["v2"])
        }
        try await test.retention.set(newest, for: "team")
        test.before { [registry = test.registry] removed in
            let fails = removed.repository.path == "app"
            registry.registrar.refuse(fails ? "for the test" : nil)
        }
        let round = try await test.retention.run()
        #expect(round.failed.map(\.name) == ["team/app"] && round.failures == 1)
        #expect(round.removed == 1 && round.repositories == 2 && !round.isBrokenOff)
        #expect(test.endings.map(\.ending) == [.unknown, .removed])
        #expect(try await test.has(old[0]))
        #expect(try await !test.has(old[1], in: "team/tool"))
        #expect(test.retention.status.failed == 1 && test.retention.status.round == round)
        test.before { _ in }
        let again = try await test.retention.run()
        #expect(again.failed.isEmpty && again.removed == 1)
    }

    @Test func `ends when pulls are missed in the middle of it`() async throws {
        let test = try Fixture()
        let first = try await test.push("first", tags: ["v1"])
        test.clocks.advance(.seconds(1))
        let second = try await test.push("second", tags: ["v2"])
        test.pass(days: 40)
        try await test.push("third", tags: ["v3"])
        try await test.retention.set(newest, for: "team")
        test.before { [clocks = test.clocks] removed in
            // The machine was suspended: nobody looked at the clock when the day ended.
            if removed.removal.image.digest == second { clocks.advance(.seconds(26 * 3600)) }
        }
        let error = await #expect(throws: RetentionError.self) { try await test.retention.run() }
        guard case .pullsMissed? = error else {
            Issue.record("it ended by \(String(describing: error))")
            return
        }
        #expect(test.endings.map(\.ending) == [.removed, .unknown])
        #expect(try await !test.has(first))
        #expect(try await test.has(second))
    }

    @Test func `ends when the catalog is closed`() async throws {
        let test = try Fixture()
        for name in ["team/app", "team/tool"] {
            try await test.push("old", to: name, tags: ["v1"])
        }
        test.pass(days: 40)
        for name in ["team/app", "team/tool"] {
            try await test.push("new", to: name, tags: ["v2"])
        }
        try await test.retention.set(newest, for: "team")
        test.before { [catalog = test.catalog] _ in try? catalog.close() }
        await #expect(throws: RetentionError.self) { try await test.retention.run() }
        #expect(test.endings.map(\.ending) == [.unknown])
    }

    @Test
    func `a plan goes on with other repositories when one cannot be read, and names that one`()
        async throws
    {
        let test = try Fixture()
        for name in ["team/app", "team/tool"] {
            try await test.push("old", to: name, tags: ["v1"])
        }
        try await test.retention.set(newest, for: "team")
        let connection = try Connection(
            path: "\(test.temporary.path)/\(Catalog.fileName)",
            mode: .readWrite
        )
        try connection.execute("ALTER TABLE untagged RENAME TO hidden")
        var (failed, planned): ([String], [String]) = ([], [])
        try await test.retention.plan(
            nil,
            left: { left in
                guard case .failed(let failure) = left else { return }
                failed.append(failure.name)
                // The next one can be read again.
                do { try connection.execute("ALTER TABLE hidden RENAME TO untagged") } catch {
                    Issue.record(error)
                }
            },
            { planned.append($0.repository.description) }
        )
        try connection.close()
        #expect(failed == ["team/app"] && planned == ["team/tool"])
    }
}
