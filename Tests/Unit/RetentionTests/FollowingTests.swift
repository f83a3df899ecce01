// SPDX-License-Identifier: Apache-2.0

import Contracts
import Journal
import OCI
import Platform
import Registry
import Testing

@testable import Retention

/// What an entry of a run does to manifests that a later one ends.
@Suite(.timeLimit(.minutes(10))) struct `Removals of one run` {
    private let newest = Policy(rules: [.newest(1)])

    /// Two old indexes that share a child, which goes with the later one, and a new image.
    private func sharing(_ test: Fixture) async throws -> (first: Digest, later: Digest, Digest) {
        let child = try await test.push("child")
        test.clocks.advance(.seconds(1))
        let first = try await test.push("1", tags: ["v1"], children: [child])
        test.clocks.advance(.seconds(1))
        let later = try await test.push("2", tags: ["v2"], children: [child])
        test.pass(days: 40)
        try await test.push("new", tags: ["v3"])
        try await test.retention.set(newest, for: "team")
        return (first, later, child)
    }

    /// An index with as many tags as go by one entry, so that its child goes by a second one.
    private func inSteps(_ test: Fixture) async throws -> (index: Digest, child: Digest) {
        let child = try await test.push("child")
        test.clocks.advance(.seconds(1))
        let tags = (1...Planner.tagsMax).map { "v\($0)" }
        let index = try await test.push("", tags: tags, children: [child])
        test.pass(days: 40)
        try await test.push("new", tags: ["new"])
        try await test.retention.set(newest, for: "team")
        return (index, child)
    }

    @Test func `take two indexes that share a child, which has the first one's stamp then`()
        async throws
    {
        let test = try Fixture()
        let (first, later, child) = try await sharing(test)
        let round = try await test.retention.run()
        #expect(round.removed == 2 && round.changed == 0 && round.manifests == 3)
        #expect(test.endings.map(\.digest) == [first, later])
        #expect(test.endings.map(\.ending) == [.removed, .removed])
        for digest in [first, later, child] { #expect(try test.isInTrash(digest)) }
    }

    @Test(arguments: ["push", "tag"])
    func `leave a shared child that somebody changed between them`(_ what: String) async throws {
        let test = try Fixture()
        let name = try Fixture.name("team/app")
        let (first, later, child) = try await sharing(test)
        guard case .stock(var snapshot) = try test.retention.snapshot(of: name) else {
            throw NoStock()
        }
        let planner = Planner(policy: newest, now: test.clocks.wallMilliseconds())
        let removals = planner.plan(snapshot.stocks, path: "app").removed
        #expect(removals.map(\.image.digest) == [first, later])
        for step in removals[0].steps(snapshot, by: newest.canonical) {
            try await test.registry.change(name, .retire(step))
            snapshot.follow(step, of: removals[0])
        }
        switch what {
        case "push": try await test.push("child")
        default: try await test.registry.change(name, .putTags([tag("mine")], child))
        }
        let step = try #require(removals[1].steps(snapshot, by: newest.canonical).first)
        do throws(RegistryError) {
            try await test.registry.change(name, .retire(step))
            Issue.record("it went")
        } catch {
            guard case .refused(let refusal) = error else { throw error }
            #expect(refusal == .changedSince(child))
        }
        let isThere = try await (test.has(later), test.has(child))
        #expect(isThere == (true, true))
    }

    private struct NoStock: Error {}

    @Test func `take an index by one entry and its child by the next`() async throws {
        let test = try Fixture()
        let (index, child) = try await inSteps(test)
        let round = try await test.retention.run()
        #expect(round.removed == 1 && round.manifests == 2)
        #expect(round.partly == 0 && round.changed == 0)
        #expect(try test.isInTrash(index) && test.isInTrash(child))
        let reasons = try test.events().count { if case .reasonGiven = $0 { true } else { false } }
        #expect(reasons == 2)
    }

    @Test func `tell of an image of which only a part went`() async throws {
        let test = try Fixture()
        let (index, child) = try await inSteps(test)
        // Memory has it, and nobody has asked for it yet.
        _ = try await test.registry.manifest(try Fixture.name("team/app"), .digest(child))
        test.before { [registry = test.registry] _ in
            _ = registry.inMemory("/v2/team/app/manifests/\(child)")
        }
        let round = try await test.retention.run()
        #expect(round.partly == 1 && round.manifests == 1)
        #expect(round.removed == 0 && round.changed == 0)
        #expect(test.endings.map(\.ending) == [.partly(manifests: 1)])
        #expect(try test.isInTrash(index))
        #expect(try await test.has(child))
    }

    @Test func `take a signature with a tag of its own after what it signs`() async throws {
        let test = try Fixture()
        let image = try await test.push("image", tags: ["v1"])
        test.clocks.advance(.seconds(1))
        let companion = image.companionTags[1].description
        let signature = try await test.push("signature", tags: [companion, "mine"])
        test.pass(days: 40)
        try await test.push("new", tags: ["v2"])
        try await test.retention.set(newest, for: "team")
        let round = try await test.retention.run()
        #expect(round.removed == 2 && round.changed == 0)
        #expect(try test.isInTrash(image) && test.isInTrash(signature))
    }
}
