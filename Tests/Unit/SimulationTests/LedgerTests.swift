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
}
