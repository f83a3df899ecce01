// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Journal
import OCI
import Platform
import Registry
import Synchronization
import Testing

@testable import Retention

@Suite(.timeLimit(.minutes(10))) struct `A run of retention` {
    private let newest = Policy(rules: [.newest(1)])

    @Test func `puts what goes into the trash, by an entry that says why, and tells it`()
        async throws
    {
        let test = try Fixture()
        let old = try await test.push("old", tags: ["v1", "stable"])
        test.pass(days: 40)
        let new = try await test.push("new", tags: ["v2"])
        try await test.retention.set(newest, for: "team")
        let round = try await test.retention.run()
        #expect(round.removed == 1 && round.images == 2 && round.manifests == 1)
        #expect(try await !test.has(old))
        #expect(try await test.has(new))
        #expect(try test.isInTrash(old))
        let events = try test.events().suffix(4)
        #expect(
            events.last
                == .reasonGiven("rule 1: number 2 of 2 by push, the newest 1 stay")
        )
        #expect(events.count { if case .tagDeleted = $0 { true } else { false } } == 2)
        #expect(test.endings.map(\.ending) == [.removed])
        #expect(try await test.retention.run().removed == 0)
        #expect(test.retention.status.removed == 1)
    }

    @Test func `a repository with too many manifests is left, and the plan says so too`()
        async throws
    {
        let test = try Fixture { $0.manifestsMax = 2 }
        for seed in ["one", "two", "three"] { try await test.push(seed, tags: [seed]) }
        try await test.push("small", to: "team/small")
        test.pass(days: 40)
        try await test.retention.set(newest, for: "team")
        let round = try await test.retention.run()
        #expect(round.tooLarge == [try Fixture.name("team/app")] && round.removed == 0)
        var (left, planned): ([Retention.Left], [RepositoryName]) = ([], [])
        try await test.retention.plan(nil, left: { left.append($0) }) {
            planned.append($0.repository)
        }
        #expect(left == round.tooLarge.map { .tooLarge($0) })
        #expect(planned == [try Fixture.name("team/small")])
    }

    @Test func `a policy that cannot be read is left, and the others are followed`() async throws {
        let test = try Fixture()
        for seed in ["one", "two"] { try await test.push(seed, tags: [seed]) }
        try await test.push("other", to: "other/app")
        test.pass(days: 40)
        try await test.retention.set(newest, for: "team")
        let later = "{\"later\":1}"
        _ = try await test.registry.change(Fixture.name("other"), .setRetentionPolicy(later))
        var (left, planned): ([Retention.Left], [RepositoryName]) = ([], [])
        try await test.retention.plan(nil, left: { left.append($0) }) {
            planned.append($0.repository)
        }
        #expect(left == [.unreadable("other")])
        #expect(planned == [try Fixture.name("team/app")])
        await #expect(throws: RetentionError.self) {
            try await test.retention.plan("other", left: { _ in }) { _ in }
        }
        let round = try await test.retention.run()
        #expect(round.unreadable == ["other"] && round.removed == 1)
    }

    @Test func `a pull between the plan and the decision protects, by HEAD from memory too`()
        async throws
    {
        let test = try Fixture()
        let first = try await test.push("first", tags: ["a"])
        test.clocks.advance(.seconds(1))
        let second = try await test.push("second", tags: ["b"])
        test.pass(days: 40)
        _ = try await test.push("third", tags: ["c"])
        // Memory has it, and nobody has asked for it yet.
        _ = try await test.registry.manifest(try Fixture.name("team/app"), .digest(second))
        test.before { [registry = test.registry] removed in
            guard removed.removal.image.digest == second else { return }
            _ = registry.inMemory("/v2/team/app/manifests/\(second)")
        }
        try await test.retention.set(newest, for: "team")
        let round = try await test.retention.run("team")
        #expect(round.removed == 1 && round.changed == 1)
        #expect(try await !test.has(first))
        #expect(try await test.has(second))
        #expect(test.endings.map(\.ending) == [.removed, .stayed])
    }

    @Test func `a pull on the day protects; a day later it does not`() async throws {
        let test = try Fixture()
        let old = try await test.push("old", tags: ["v1"])
        test.pass(days: 40)
        try await test.push("new", tags: ["v2"])
        try await test.retention.set(newest, for: "team")
        try await test.pull(old)
        #expect(try await test.retention.run().removed == 0)
        try await test.passMidnight()
        #expect(try await test.retention.run().removed == 1)
        #expect(try await !test.has(old))
    }

    @Test func `an index goes with its children and its signature, all to the trash`() async throws
    {
        let test = try Fixture()
        let child = try await test.push("child")
        let index = try await test.push("", tags: ["v1"], children: [child])
        let signature = try await test.push(
            "signature",
            tags: [index.companionTags[1].description]
        )
        let list = try await test.push("sbom", subject: child)
        test.pass(days: 40)
        let shared = try await test.push("other")
        try await test.push("", tags: ["v2"], children: [shared])
        try await test.retention.set(newest, for: "team")
        let round = try await test.retention.run()
        #expect(round.removed == 1 && round.manifests == 4)
        for digest in [index, child, signature, list] {
            #expect(try test.isInTrash(digest))
            #expect(try await !test.has(digest))
        }
    }

    @Test(arguments: ["tag", "untag", "push", "pull", "referrer", "index", "signature", "nothing"])
    func `what was changed since the plan stays, as a whole`(_ what: String) async throws {
        let test = try Fixture()
        let name = try Fixture.name("team/app")
        let child = try await test.push("child")
        let index = try await test.push("", tags: ["v1", "v1.0"], children: [child])
        test.pass(days: 40)
        try await test.push("new", tags: ["v2"])
        try await test.retention.set(newest, for: "team")
        guard case .stock(let snapshot) = try test.retention.snapshot(of: name) else {
            throw NoStock()
        }
        let planner = Planner(policy: newest, now: test.clocks.wallMilliseconds())
        let removal = try #require(planner.plan(snapshot.stocks, path: "app").removed.first)
        switch what {
        case "tag": try await test.registry.change(name, .putTags([tag("mine")], child))
        case "untag": try await test.registry.change(name, .deleteTag(tag("v1.0")))
        case "push": try await test.push("child")
        case "pull":
            try await test.pull(child)
            try await test.registry.flushPulls()
        case "referrer": try await test.push("sbom", subject: child)
        case "index": try await test.push("2", tags: ["v3"], children: [child])
        case "signature":
            try await test.push("signed", tags: [index.companionTags[1].description])
        default: break
        }
        var refused: Refusal?
        for step in removal.steps(snapshot, by: newest.canonical) {
            do throws(RegistryError) {
                try await test.registry.change(name, .retire(step))
            } catch {
                guard case .refused(let refusal) = error else { throw error }
                refused = refusal
            }
        }
        let isThere = try await (test.has(index), test.has(child))
        if what == "nothing" {
            #expect(refused == nil && isThere == (false, false))
        } else {
            let digest = ["untag", "signature"].contains(what) ? index : child
            #expect(refused == .changedSince(digest) && isThere == (true, true))
        }
    }

    private struct NoStock: Error {}

    @Test func `what is locked stays`() async throws {
        let held = Held()
        let test = try Fixture { $0.locked = { _ in held.digests.withLock { $0 } } }
        let old = try await test.push("old", tags: ["v1"])
        test.pass(days: 40)
        try await test.push("new", tags: ["v2"])
        try await test.retention.set(newest, for: "team")
        held.digests.withLock { $0 = [old] }
        #expect(try await test.retention.run().removed == 0)
        held.digests.withLock { $0 = [] }
        #expect(try await test.retention.run().removed == 1)
    }

    private final class Held: Sendable {
        let digests = Mutex<Set<Digest>>([])
    }

    @Test func `a repository with too many manifests is left and told`() async throws {
        let test = try Fixture { $0.manifestsMax = 1 }
        try await test.push("old", tags: ["v1"])
        try await test.push("new", tags: ["v2"])
        try await test.push("alone", to: "team/tool", tags: ["v2"])
        try await test.retention.set(newest, for: "team")
        let round = try await test.retention.run()
        #expect(round.tooLarge == [try Fixture.name("team/app")])
        #expect(round.repositories == 2 && round.removed == 0)
    }

    @Test func `a run names a bounded number of what it left, and counts the rest`() throws {
        var round = Retention.Round()
        let name = try Fixture.name("team/app")
        for number in 0..<Retention.Round.listedMax + 2 {
            round.list(name, in: \.tooLarge)
            round.list("\(number)", in: \.unreadable)
            round.list("\(number)", in: \.superseded)
        }
        #expect(
            [round.tooLarge.count, round.unreadable.count, round.superseded.count] == [
                1000, 1000, 1000,
            ]
        )
        #expect(round.unlisted == 6)
    }

    @Test func `policies are entries of the estate, one for each namespace`() async throws {
        let test = try Fixture()
        try await test.push("a", to: "team/app")
        try await test.push("b", to: "other")
        #expect(try test.retention.policies().isEmpty)
        try await test.retention.set(newest, for: "team")
        try await test.retention.set(Policy(rules: [.untagged(7)]), for: "other")
        #expect(try test.retention.policies().map(\.namespace) == ["other", "team"])
        #expect(try test.retention.policies().map { try $0.policy.get() }.last == newest)
        try await test.retention.set(Policy(rules: []), for: "other")
        #expect(try test.retention.policies().map(\.namespace) == ["team"])
        await #expect(throws: RetentionError.self) {
            try await test.retention.set(self.newest, for: "nobody")
        }
        await #expect(throws: RetentionError.self) { try await test.retention.run("other") }
    }

    @Test func `an image of more events than an entry has goes in steps, who names first`() throws {
        let children = (1...2500).map(digest)
        let index = Stock.made(2600, ["v1"])
        let removal = Plan.Removal(
            image: Plan.Image(
                digest: index.digest,
                mediaType: "",
                tags: index.tags,
                pushed: 0,
                pulledDay: nil,
                bytes: 0,
                manifests: 2501
            ),
            grounds: [],
            members: [index] + children.map { Stock(digest: $0, mediaType: "", pushed: 0) },
            looseTags: [tag("loose")],
            bystanders: []
        )
        let region = Identifier(high: 1, low: 1)
        let stamp = Stamp.next(clock: 1, seen: nil, region: region)
        var snapshot = Snapshot(repository: try Fixture.name("team/app"))
        for member in removal.members { snapshot.stamps[member.digest] = stamp }
        let steps = removal.steps(snapshot, by: "")
        #expect(steps.flatMap { $0.members.map(\.digest) } == removal.members.map(\.digest))
        #expect(steps.flatMap(\.looseTags).map(\.description) == ["loose"])
        for step in steps {
            let events = step.members.reduce(step.looseTags.count + 1) { $0 + $1.tags.count + 1 }
            #expect(events <= Decision.eventsMax)
        }
        #expect(steps.count == 2)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Noted pulls` {
    private let path = "/v2/team/app/manifests/v1"

    @Test
    func `are one for each manifest and day, by tag and digest, from memory and from the catalog`()
        async throws
    {
        let test = try Fixture()
        let image = try await test.push("a", tags: ["v1"])
        let name = try Fixture.name("team/app")
        #expect(test.registry.inMemory(path) == nil, "not in memory yet")
        let content = try #require(try await test.registry.manifest(name, .tag(tag("v1"))))
        await test.registry.notePull(of: content, in: name)
        #expect(test.registry.inMemory(path) != nil)
        try await test.pull(image)
        #expect(test.registry.pullsWaiting == 1)
        try await test.registry.flushPulls()
        _ = test.registry.inMemory(path)
        try await test.pull(image)
        try await test.registry.flushPulls()
        let today = Moment(milliseconds: test.clocks.wallMilliseconds()).dayNumber
        #expect(try test.notedDays(of: image) == [today])
        test.pass(days: 1)
        try await test.registry.flushPulls()
        _ = test.registry.inMemory(path)
        try await test.registry.flushPulls()
        #expect(try test.notedDays(of: image) == [today, today + 1])
        #expect(test.registry.pullsWaiting == 0)
    }

    @Test func `have the right day around midnight, however long ago somebody looked at the clock`()
        async throws
    {
        let test = try Fixture()
        let image = try await test.push("a", tags: ["v1"])
        _ = try await test.registry.manifest(try Fixture.name("team/app"), .tag(tag("v1")))
        let day = Moment(milliseconds: test.clocks.wallMilliseconds()).dayNumber
        let midnight = Moment(day: day + 1).milliseconds
        let left = midnight - test.clocks.wallMilliseconds()
        // The last look before midnight is less than the time between two of them away from it.
        test.clocks.advance(.milliseconds(Int64(left) - 200_000))
        try await test.registry.flushPulls()
        _ = test.registry.inMemory(path)
        test.clocks.advance(.milliseconds(200_001))
        _ = test.registry.inMemory(path)
        try await test.registry.flushPulls()
        #expect(try test.notedDays(of: image) == [day + 1])
    }

    @Test func `of a day that began unseen count as missed, until that day is over`() async throws {
        let test = try Fixture()
        let digest = try await test.push("a", tags: ["v1"])
        try await test.registry.flushPulls()
        try await test.pull(digest)
        // The machine was suspended: nobody looked at the clock when the day ended.
        test.clocks.advance(.seconds(26 * 3600))
        try await test.pull(digest)
        try await test.registry.flushPulls()
        let day = Moment(milliseconds: test.clocks.wallMilliseconds()).dayNumber
        #expect(test.registry.pullsMissedDay == day)
        try await test.retention.set(Policy(rules: [.newest(1)]), for: "team")
        await #expect(throws: RetentionError.self) { try await test.retention.run() }
    }

    @Test func `wait until they are written`() async throws {
        let test = try Fixture()
        let image = try await test.push("a", tags: ["v1"])
        try await test.pull(image)
        test.registry.registrar.refuse("for the test")
        await #expect(throws: RegistryError.self) { try await test.registry.flushPulls() }
        #expect(test.registry.pullsWaiting == 1)
        test.registry.registrar.refuse(nil)
        try await test.registry.flushPulls()
        #expect(test.registry.pullsWaiting == 0)
        #expect(try test.notedDays(of: image).count == 1)
    }

    @Test func `of what is gone are forgotten`() async throws {
        let test = try Fixture()
        let image = try await test.push("a", tags: ["v1"])
        try await test.pull(image)
        let name = try Fixture.name("team/app")
        try await test.registry.change(name, .deleteManifest(image))
        try await test.registry.change(name, .emptyTrash([image], by: .max))
        try await test.registry.flushPulls()
        #expect(test.registry.pullsWaiting == 0)
        #expect(try test.notedDays(of: image).isEmpty)
    }

    /// A push brings it back, and on the day of its pull no rule takes it (found by seed 255 of the simulator).
    @Test func `of what is in the trash come back with it`() async throws {
        let test = try Fixture()
        let image = try await test.push("a", tags: ["v1"])
        try await test.pull(image)
        try await test.registry.change(try Fixture.name("team/app"), .deleteManifest(image))
        try await test.registry.flushPulls()
        #expect(try test.notedDays(of: image).count == 1)
        try await test.push("a", tags: ["v1"])
        let day = try test.registry.read { view throws(CatalogError) in
            try view.repository(RepositoryName("team/app") ?? .canary).flatMap {
                row throws(CatalogError) in try view.lastPulled(row.number, image)
            }
        }
        #expect(day == (try test.notedDays(of: image).first))
    }

    @Test func `follow the expiry clock, not a wall clock that ran away`() async throws {
        let test = try Fixture()
        let image = try await test.push("a", tags: ["v1"])
        let day = Moment(milliseconds: test.clocks.wallMilliseconds()).dayNumber
        _ = try test.registry.expiryNow()
        test.clocks.setWall(test.clocks.wallMilliseconds() + 300 * Moment.dayMilliseconds)
        try await test.pull(image)
        try await test.registry.flushPulls()
        #expect(try test.notedDays(of: image) == [day])
    }
}
