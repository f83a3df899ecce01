// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Simulation
import Testing

/// I1 and I5 are judged by the ledger alone, so here it is itself judged by histories made by hand.
@Suite struct `The ledger` {
    let ledger = Ledger()
    let one = Digest.of([1])
    let two = Digest.of([2])

    private func subject() throws -> Subject {
        .tag(try #require(RepositoryName("a")), try #require(Tag("t")))
    }

    /// Writes `value` as one request with that outcome.
    private func write(_ value: Digest?, _ outcome: Outcome, onlyIf: Digest? = nil) throws {
        let effect = Effect(try subject(), value, onlyIf: onlyIf)
        ledger.end(ledger.begin([effect], "write"), outcome)
    }

    private func verdict(_ value: Digest?) throws -> Verdict {
        ledger.judge(try subject(), read: value, begunAt: ledger.tick())
    }

    private func allows(_ value: Digest?) throws -> Bool {
        try verdict(value) == .possible
    }

    @Test func `nothing is there before anything was written`() throws {
        #expect(try allows(nil))
        #expect(try verdict(one) == .neverWritten)
    }

    @Test func `an acknowledged write is all a later read may see`() throws {
        try write(one, .done)
        #expect(try allows(one))
        #expect(try !allows(nil))
        try write(two, .done)
        #expect(try allows(two))
        #expect(try !allows(one))
        #expect(try !allows(nil))
    }

    @Test func `a refused write must not be seen`() throws {
        try write(one, .done)
        try write(two, .refused)
        #expect(try verdict(two) == .neverWritten)
        #expect(try allows(one))
    }

    @Test func `an unknown outcome may be seen or not`() throws {
        try write(one, .done)
        try write(two, .unknown)
        #expect(try allows(one))
        #expect(try allows(two))
    }

    @Test func `an unknown outcome does not come back over a later acknowledged write`() throws {
        try write(one, .unknown)
        try write(two, .done)
        #expect(try !allows(one))
        #expect(try allows(two))
    }

    @Test func `a write under way may still win over a later acknowledged one`() throws {
        let pending = ledger.begin([Effect(try subject(), one)], "slow")
        try write(two, .done)
        #expect(try allows(one))
        #expect(try allows(two))
        ledger.end(pending, .refused)
        #expect(try !allows(one))
    }

    @Test func `a read may see what was there when it began`() throws {
        try write(one, .done)
        let begun = ledger.tick()
        try write(two, .done)
        #expect(ledger.judge(try subject(), read: one, begunAt: begun) == .possible)
        #expect(ledger.judge(try subject(), read: two, begunAt: begun) == .possible)
        #expect(ledger.judge(try subject(), read: nil, begunAt: begun) != .possible)
    }

    @Test func `a removal of one value leaves another alone`() throws {
        try write(one, .done)
        try write(nil, .done, onlyIf: two)
        #expect(try allows(one))
        #expect(try !allows(nil))
        try write(nil, .done, onlyIf: one)
        #expect(try !allows(one))
        #expect(try allows(nil))
    }

    @Test func `a loss after a crash is told from a loss without one`() throws {
        try write(one, .done)
        #expect(try verdict(nil) == .overwritten(by: "write", value: one, crashedSince: false))
        ledger.noteCrash()
        #expect(try verdict(nil) == .overwritten(by: "write", value: one, crashedSince: true))
    }

    @Test func `what a request wrote itself does not explain what it found`() throws {
        try write(one, .done)
        let ticket = ledger.begin([Effect(try subject(), two)], "conditional")
        #expect(ledger.possibleValues(try subject(), foundBy: ticket) == [one])
        ledger.end(ticket, .done)
        #expect(ledger.possibleValues(try subject(), foundBy: ticket) == [one])
    }

    // MARK: - Promises

    private func blob() throws -> Subject { .blob(try repository(), one) }

    /// Has a client told, by a request sent at that minute, that the blob exists.
    private func tell(atMinute minute: Int) throws {
        let ticket = ledger.begin([], "HEAD")
        ledger.end(ticket, .refused)
        ledger.noteTold(try blob(), by: ticket, sentAt: .seconds(60 * minute))
    }

    private func isPromised(atMinute minute: Int) throws -> Bool {
        let ticket = ledger.begin([], "PUT")
        defer { ledger.end(ticket, .refused) }
        return ledger.isPromised(try blob(), foundBy: ticket, at: .seconds(60 * minute))
    }

    private func end(_ outcome: Outcome, _ force: Effect.Force) throws {
        ledger.end(ledger.begin([Effect(try blob(), nil, force: force)], "end"), outcome)
    }

    @Test func `who was told of a blob may count on it for most of an hour, and no longer`() throws
    {
        #expect(try !isPromised(atMinute: 0))
        try tell(atMinute: 0)
        #expect(try isPromised(atMinute: 49))
        #expect(try !isPromised(atMinute: 50))
        try tell(atMinute: 49)
        #expect(try isPromised(atMinute: 98), "told again")
    }

    @Test func `what ends by its age is no excuse for a blob of which a client was told`() throws {
        ledger.end(ledger.begin([Effect(try blob(), one)], "upload"), .done)
        try tell(atMinute: 0)
        try end(.done, .due)
        ledger.noteExpiry()
        #expect(ledger.allows(try blob(), nil, begunAt: ledger.tick()))
        #expect(try isPromised(atMinute: 10))
    }

    @Test func `a removal on purpose and a clock set forwards end what was promised before`() throws
    {
        try tell(atMinute: 0)
        try end(.refused, .certain)
        #expect(try isPromised(atMinute: 1))
        try end(.unknown, .certain)
        #expect(try !isPromised(atMinute: 2))
        try tell(atMinute: 3)
        try end(.done, .possible)
        #expect(try !isPromised(atMinute: 4))
        try tell(atMinute: 5)
        #expect(try isPromised(atMinute: 6))
        ledger.noteJump()
        #expect(try !isPromised(atMinute: 7))
    }

    @Test func `a removal under way ends what is promised meanwhile`() throws {
        let removal = ledger.begin([Effect(try blob(), nil)], "slow")
        try tell(atMinute: 0)
        #expect(try !isPromised(atMinute: 1))
        ledger.end(removal, .done)
        #expect(try !isPromised(atMinute: 2))
        try tell(atMinute: 3)
        #expect(try isPromised(atMinute: 4))
    }

    @Test func `who asked before anybody was told is promised nothing`() throws {
        let ticket = ledger.begin([], "PUT")
        try tell(atMinute: 0)
        #expect(!ledger.isPromised(try blob(), foundBy: ticket, at: .seconds(60)))
        ledger.end(ticket, .refused)
    }

    // MARK: - Histories

    private func repository() throws -> RepositoryName { try #require(RepositoryName("a")) }

    /// Findings about what the ledger has, each history judged as a whole.
    private func judged(
        by checker: LinearizabilityChecker = LinearizabilityChecker()
    ) -> Findings {
        let findings = Findings(trace: Trace())
        findings.judge(ledger.histories, by: checker)
        return findings
    }

    @Test func `a history as a whole refuses what each subject alone would allow`() throws {
        let tags = try ["t", "u"].map { try #require(Tag($0)) }
        let subjects = try tags.map { Subject.tag(try repository(), $0) }
        ledger.end(ledger.begin(subjects.map { Effect($0, one) }, "first"), .done)
        let push = ledger.begin(subjects.map { Effect($0, two) }, "second")
        for (tag, seen) in zip(tags, [two, one]) {
            let begun = ledger.tick()
            #expect(ledger.allows(.tag(try repository(), tag), seen, begunAt: begun))
            ledger.note(.shows(tag, seen), of: try repository(), "read", begunAt: begun)
        }
        ledger.end(push, .done)
        let findings = judged()
        #expect(findings.violations.map(\.invariant) == [.readYourWrites])
        #expect(findings.counts == ["history checked": 1, "history operation": 4])
    }

    @Test func `a history keeps unknown outcomes and refusals apart`() throws {
        let tag = try #require(Tag("t"))
        try write(one, .done)
        try write(two, .unknown)
        try write(nil, .refused)
        let begun = ledger.tick()
        ledger.note(.shows(tag, two), of: try repository(), "read", begunAt: begun)
        #expect(judged().violations.isEmpty)
        let effect = Effect(try subject(), one, demand: .absent)
        ledger.end(ledger.begin([effect], "put"), .unmet)
        #expect(judged().violations.isEmpty)
        #expect(try !allows(nil), "what was refused its condition did nothing")
        let deletion = Effect(try subject(), nil, demand: .present)
        ledger.end(ledger.begin([deletion], "delete"), .unmet)
        #expect(!judged().violations.isEmpty)
    }

    @Test func `a history that was not decided is counted, and is no violation`() throws {
        for _ in 0..<3 { try write(one, .done) }
        let tag = try #require(Tag("t"))
        ledger.note(.shows(tag, one), of: try repository(), "read", begunAt: ledger.tick())
        let findings = judged(by: LinearizabilityChecker(stepsMax: 0))
        #expect(findings.violations.isEmpty)
        #expect(findings.counts["history undecided"] == 1)
    }

    @Test func `each repository has a history of its own, without blobs`() throws {
        let other = try #require(RepositoryName("b"))
        let effects = [
            Effect(try subject(), one), Effect(.manifest(other, one), one),
            Effect(.blob(other, two), two),
        ]
        ledger.end(ledger.begin(effects, "both"), .done)
        ledger.end(ledger.begin([Effect(.blob(other, two), nil)], "blob"), .done)
        let histories = ledger.histories
        #expect(histories.map(\.repository) == [try repository(), other])
        #expect(
            histories.map { $0.operations.map(\.action) }
                == [[.change([effects[0]])], [.change([effects[1]])]]
        )
    }
}
