// SPDX-License-Identifier: Apache-2.0

import Testing

/// I11, and that a change is made once: two proposers, and a sequencer that is asked late and repeatedly.
///
/// The numbers of states are those of the model as it is: another number is another model, and where it
/// is smaller, something can no longer happen.
@Suite struct `Append, in every state of a small model` {
    private static let worlds: [(AppendModel.Fault?, Int, Int)] = [
        (nil, 3, 3909), (.catalogsRollBack, 3, 8761), (.sequencerForgets, 2, 2607),
    ]

    @Test(arguments: worlds)
    func `gives a position once, and loses and repeats nothing (I11)`(
        fault: AppendModel.Fault?,
        changes: Int,
        states: Int
    ) throws {
        let exploration = try Exploration(of: AppendModel(fault: fault, changes: changes))
        #expect(exploration.holds, "\(exploration)")
        #expect(exploration.states == states)
    }

    @Test func `with a new id at every try is found to make a change twice`() throws {
        let right = AppendModel(changes: 2, asksMax: 2)
        #expect(try Exploration(of: right).holds)
        var wrong = right
        wrong.mistake = .newIdOnRetry
        #expect(
            try Exploration(of: wrong).told == """
                a change is made twice: [AA]
                  1. n0, at [], is asked for A, and sends it
                  2. the append of A (n0) takes effect
                  3. n1 follows to [A]
                  4. n1, at [A], is asked for A, and sends it
                  5. the append of A (n1) takes effect
                """
        )
    }

    /// As long as the sequencer forgets nothing, a position has one past, and comparing it is enough.
    @Test func `with positions compared is found to mix two pasts once the sequencer forgot`()
        throws
    {
        let spared = AppendModel(fault: .catalogsRollBack, mistake: .comparesPositionOnly)
        #expect(try Exploration(of: spared).holds)
        let wrong = AppendModel(
            fault: .sequencerForgets,
            mistake: .comparesPositionOnly,
            asksMax: 1
        )
        #expect(
            try Exploration(of: wrong).told == """
                I11: an entry stands behind another past than its own
                  1. n0, at [], is asked for A, and sends it
                  2. the append of A (n0) takes effect
                  3. n0 learns that A is in, and says so
                  4. n0, at [A], is asked for B, and sends it
                  5. n1, at [], is asked for C, and sends it
                  6. the sequencer is restored to []
                  7. the append of C (n1) takes effect
                  8. the append of B (n0) takes effect
                """
        )
    }

    @Test func `with acknowledgements before the outcome is found to promise what is nowhere`()
        throws
    {
        let model = AppendModel(mistake: .acknowledgesWhenSent, changes: 2)
        #expect(
            try Exploration(of: model).told == """
                I11: A was acknowledged and is nowhere
                  1. n0, at [], is asked for A, sends it, and says that it is in
                """
        )
    }

    @Test func `with decisions away from the head is found to break a condition`() throws {
        var model = AppendModel(mistake: .decidesAwayFromHead, changes: 2)
        #expect(try Exploration(of: model).counterexample?.history.count == 4)
        model.asksMax = 1
        #expect(
            try Exploration(of: model).told == """
                A, which needs that B is not there, stands behind B: [BA]
                  1. n0, at [], is asked for B, and sends it
                  2. the append of B (n0) takes effect
                  3. n1, at [], is asked for A, and sends it
                  4. the append of A (n1) takes effect
                """
        )
    }

    /// No guard can prevent this: the head is again what it was when B was sent.
    ///
    /// What holds is that nothing is mixed: the node that has A finds the head unlike its catalog, can put
    /// nothing behind it, and still has what was acknowledged.
    @Test func `gives a position twice where the sequencer forgot that it gave it`() throws {
        let model = AppendModel(fault: .sequencerForgets, changes: 2, isStrict: true)
        #expect(
            try Exploration(of: model).told == """
                I11: two entries share a position: journal [B], catalogs [A] and []
                  1. n0, at [], is asked for A, and sends it
                  2. the append of A (n0) takes effect
                  3. n0 learns that A is in, and says so
                  4. n1, at [], is asked for B, and sends it
                  5. the sequencer is restored to []
                  6. the append of B (n1) takes effect
                """
        )
    }

    @Test(.enabled(if: Depth.isDeep))
    func `loses and repeats nothing, in more states (I11)`() throws {
        let exploration = try Exploration(of: AppendModel(fault: .sequencerForgets))
        #expect(exploration.holds, "\(exploration)")
        print("append, three changes, a sequencer that forgets: \(exploration)")
    }
}
