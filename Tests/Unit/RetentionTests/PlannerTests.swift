// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@testable import Retention

@Suite struct `The planner` {
    private func gone(_ planner: Planner, _ stocks: [Stock]) -> [Int] {
        let plan = planner.plan(stocks, path: "app")
        let numbers = Dictionary(uniqueKeysWithValues: (0..<1000).map { (digest($0), $0) })
        return plan.gone.compactMap { numbers[$0] }
    }

    @Test func `without a rule everything stays`() {
        let plan = Planner.noon().plan([.made(1, ["a"], pushed: 900)], path: "app")
        #expect(plan.removed.isEmpty)
        #expect(plan.kept.map(\.standing) == [.noRule(tag("a"))])
    }

    @Test func `the newest images stay, and several tags of one count once`() {
        let stocks: [Stock] = [
            .made(1, ["1.0", "1", "stable"], pushed: 10), .made(2, ["1.1"], pushed: 9),
            .made(3, ["2.0", "2", "latest"], pushed: 8),
        ]
        #expect(gone(.noon(.newest(2)), stocks) == [1])
        #expect(gone(.noon(.newest(3)), stocks) == [])
    }

    @Test func `by pull, an old image that hosts use stays before a new one that nobody does`() {
        let stocks: [Stock] = [
            .made(1, ["old"], pushed: 300, pulled: 1), .made(2, ["new"], pushed: 9),
            .made(3, ["newer"], pushed: 8),
        ]
        #expect(gone(.noon(.newest(1, by: .pull)), stocks) == [2, 3])
        #expect(gone(.noon(.newest(1, by: .push)), stocks) == [1, 2])
    }

    @Test
    func `an image goes with its children and signatures, in any depth, and they are not counted`()
    {
        let signature = digest(1).companionTags[1].description
        let stocks: [Stock] = [
            .made(1, ["v1"], pushed: 10, children: [2, 3]), .made(2, pushed: 11),
            .made(3, pushed: 11),
            .made(4, [signature], pushed: 1), .made(5, pushed: 1, subject: 2),
            .made(6, pushed: 1, subject: 5),
            .made(7, ["v2"], pushed: 5),
        ]
        #expect(gone(.noon(.newest(1)), stocks) == [1, 2, 3, 4, 5, 6])
        #expect(gone(.noon(.newest(2)), stocks) == [])
    }

    @Test func `a child of two indexes goes with the later one, and stays with one that stays`() {
        let stocks: [Stock] = [
            .made(1, ["v1"], pushed: 10, children: [9]), .made(2, ["v2"], pushed: 9, children: [9]),
            .made(3, ["v3"], pushed: 8, children: [8]), .made(8, pushed: 20), .made(9, pushed: 20),
        ]
        let plan = Planner.noon(.newest(1)).plan(stocks, path: "app")
        #expect(
            plan.removed.map { $0.members.map(\.digest) } == [[digest(1)], [digest(2), digest(9)]]
        )
        #expect(gone(.noon(.newest(2)), stocks) == [1])
    }

    @Test func `who names comes before who is named`() {
        let stocks: [Stock] = [
            .made(9, ["v1"], pushed: 50, children: [1, 5]), .made(5, pushed: 60, children: [1]),
            .made(1, pushed: 70),
        ]
        let plan = Planner.noon(.remove(10)).plan(stocks, path: "app")
        #expect(plan.removed.first?.members.map(\.digest) == [digest(9), digest(5), digest(1)])
    }

    @Test func `an index is pulled when a child is`() {
        let stocks: [Stock] = [
            .made(1, ["v1"], pushed: 100, children: [2]), .made(2, pushed: 100, pulled: 3),
        ]
        #expect(gone(.noon(.remove(30, since: .pull)), stocks) == [])
        #expect(gone(.noon(.remove(2, since: .pull)), stocks) == [1, 2])
    }

    @Test func `a pull on the day of the decision protects, whatever a rule says`() {
        let stocks: [Stock] = [
            .made(1, ["v1"], pushed: 100, pulled: 0), .made(2, ["v2"], pushed: 100, pulled: 1),
            .made(3, ["v3"], pushed: 100, children: [4]), .made(4, pushed: 100, pulled: 0),
        ]
        #expect(gone(.noon(.remove(30)), stocks) == [2])
        let late = Planner(
            policy: Policy(rules: [.remove(30)]),
            now: Noon.now - 3 * 86_400_000
        )
        #expect(gone(late, stocks) == [])
    }

    @Test
    func `an age since the pull begins when the day of the pull ends; without one, at the push`() {
        let stocks: [Stock] = [
            .made(1, ["a"], pushed: 100, pulled: 11), .made(2, ["b"], pushed: 100, pulled: 12),
            .made(3, ["c"], pushed: 10), .made(4, ["d"], pushed: 11),
        ]
        #expect(gone(.noon(.remove(11, since: .pull)), stocks) == [2, 4])
    }

    @Test func `the days without a tag begin when the last one went`() {
        let stocks: [Stock] = [
            .made(1, pushed: 100, untagged: 6), .made(2, pushed: 100, untagged: 7),
            .made(3, ["a"], pushed: 100),
            .made(4, ["i"], pushed: 100, children: [5]), .made(5, pushed: 100, untagged: 100),
        ]
        #expect(gone(.noon(.untagged(7)), stocks) == [2])
    }

    @Test func `what a push has not named yet is neither removed nor counted`() {
        let stocks: [Stock] = [
            .made(1, ["v1"], pushed: 5), .made(2, pushed: 0, untagged: 0),
            .made(3, pushed: 0, untagged: 0),
        ]
        #expect(gone(.noon(.newest(1), .untagged(0)), stocks) == [])
        let plan = Planner.noon(.newest(1)).plan(stocks, path: "app")
        #expect(plan.kept.map(\.standing).filter { $0 == .unfinished }.count == 2)
    }

    @Test func `keeping looks at any tag, letting go at all of them`() {
        let both = Stock.made(1, ["pr-7", "v1"], pushed: 40)
        #expect(gone(.noon(.remove(14, tags: "pr-*")), [both]) == [])
        #expect(gone(.noon(.remove(14, tags: "pr-*"), .remove(30, tags: "v*")), [both]) == [1])
        #expect(gone(.noon(.remove(14), .keep(50, tags: "v*")), [both]) == [])
        #expect(gone(.noon(.remove(14, tags: "*")), [.made(2, pushed: 90, untagged: 90)]) == [])
    }

    @Test func `a young image stays beyond the number`() {
        let stocks: [Stock] = [
            .made(1, ["a"], pushed: 20), .made(2, ["b"], pushed: 4), .made(3, ["c"], pushed: 2),
        ]
        #expect(gone(.noon(.newest(1), .keep(7)), stocks) == [1])
    }

    @Test func `what is locked stays with what leads it`() {
        let stocks: [Stock] = [
            .made(1, ["v1"], pushed: 100, children: [2, 3]), .made(2, pushed: 100),
            .made(3, pushed: 100),
        ]
        #expect(gone(.noon(.remove(1), locked: [2]), stocks) == [])
        #expect(gone(.noon(.remove(1), locked: [7]), stocks) == [1, 2, 3])
    }

    @Test func `a child with a tag of its own is judged by itself when its index goes`() {
        let stocks: [Stock] = [
            .made(1, pushed: 50, untagged: 40, children: [2, 3]), .made(2, ["arm"], pushed: 50),
            .made(3, pushed: 50),
        ]
        #expect(gone(.noon(.untagged(7)), stocks) == [1, 3])
        #expect(gone(.noon(.untagged(7), .remove(30)), stocks) == [1, 2, 3])
        let tagged: [Stock] = [
            .made(1, ["v1"], pushed: 10, children: [2]), .made(2, ["v1-arm"], pushed: 10),
            .made(3, ["v2"], pushed: 5, children: [4]), .made(4, ["v2-arm"], pushed: 5),
        ]
        #expect(gone(.noon(.newest(2)), tagged) == [])
        #expect(gone(.noon(.newest(1)), tagged) == [1, 2])
    }

    @Test
    func `a signature that another tag names stays, without the name that its subject gave it`() {
        let signature = digest(1).companionTags[1].description
        let stocks: [Stock] = [
            .made(1, ["v1"], pushed: 50), .made(2, [signature, "mine"], pushed: 50),
        ]
        let plan = Planner.noon(.remove(30, tags: "v*")).plan(stocks, path: "app")
        #expect(plan.gone == [digest(1)])
        #expect(plan.removed.first?.looseTags.map(\.description) == [signature])
    }

    @Test func `an index about its own child is one image`() {
        let stocks: [Stock] = [
            .made(1, pushed: 50, untagged: 50, subject: 9),
            .made(5, pushed: 50, untagged: 50, children: [7], subject: 7),
            .made(7, ["v1"], pushed: 50), .made(8, ["x"], pushed: 50, children: [9]),
            .made(9, pushed: 50),
            .made(2, pushed: 50, untagged: 50, subject: 5),
        ]
        #expect(gone(.noon(.untagged(7)), stocks) == [])
        #expect(gone(.noon(.remove(7, tags: "v*")), stocks) == [2, 5, 7])
    }

    @Test func `tags that lead each other in a circle do not keep a planner from its end`() {
        let (one, other) = (digest(1).companionTags[1], digest(2).companionTags[1])
        let stocks: [Stock] = [
            .made(1, [other.description, "a"], pushed: 50),
            .made(2, [one.description, "b"], pushed: 50),
        ]
        let plan = Planner.noon(.remove(7)).plan(stocks, path: "app")
        #expect(plan.kept.map(\.standing) == [.circle])
        let own = digest(3).companionTags[0].description
        #expect(gone(.noon(.remove(7)), [.made(3, [own], pushed: 50)]) == [3])
    }

    @Test func `an image with more tags than an entry can end is left, and said to be`() {
        let tags = (0...Planner.tagsMax).map { "t\($0)" }
        let plan = Planner.noon(.remove(7)).plan([.made(1, tags, pushed: 50)], path: "app")
        #expect(plan.kept.map(\.standing) == [.tooManyTags(digest(1))])
    }

    @Test func `rules are for the repositories that they name`() {
        let rule = Rule(
            repositories: [Pattern("app/*")].compactMap(\.self),
            action: .removeDays(7, since: .push)
        )
        let planner = Planner.noon(rule)
        #expect(planner.plan([.made(1, ["a"], pushed: 50)], path: "app/web").removed.count == 1)
        #expect(planner.plan([.made(1, ["a"], pushed: 50)], path: "tools").removed.isEmpty)
    }

    @Test func `a reason has the rule and the numbers, and fits an entry`() throws {
        let name = String(repeating: "n", count: Rule.nameMax)
        let rules = (0..<9).map { number in
            Rule(
                name: name,
                tags: [Pattern("t\(number)")].compactMap(\.self),
                action: .keepNewest(1, by: .push)
            )
        }
        let old = Stock.made(1, (0..<9).map { "t\($0)" }, pushed: 50)
        let newer = (0..<9).map { Stock.made(2 + $0, ["t\($0)"], pushed: 1) }
        // One tag is one manifest's; the planner does not mind.
        let planner = Planner(policy: Policy(rules: rules), now: Noon.now)
        let removal = try #require(planner.plan([old] + newer, path: "").removed.first)
        #expect(
            removal.reason.hasPrefix("rule 1 (\(name)): number 2 of 2 by push, the newest 1 stay; ")
        )
        #expect(removal.reason.hasSuffix("; and 6 more"))
        #expect(removal.reason.utf8.count <= 512)
        let plan = Planner.noon(.remove(14), .untagged(3)).plan(
            [.made(1, ["a"], pushed: 45), .made(2, pushed: 9, untagged: 5)],
            path: ""
        )
        #expect(
            plan.removed.map(\.reason) == [
                "rule 1: pushed 45 days ago, the limit is 14",
                "rule 2: without a tag for 5 days, the limit is 3",
            ]
        )
    }

    @Test func `the bytes of what goes are those of its members`() {
        let stocks: [Stock] = [
            .made(10, ["a"], pushed: 50, children: [20]), .made(20, pushed: 50),
            .made(40, ["b"], pushed: 1),
        ]
        let plan = Planner.noon(.remove(7)).plan(stocks, path: "")
        #expect(plan.bytes == 30)
        #expect(plan.removed.first?.image.manifests == 2)
    }
}
