// SPDX-License-Identifier: Apache-2.0

import Testing

/// I7 for one digest, whatever its holders know and however late they are.
///
/// The numbers of states are those of the model as it is: another number is another model, and where it
/// is smaller, something can no longer happen.
@Suite struct `Sweep, in every state of a small model` {
    @Test(arguments: [(1, 5437), (2, 130_372)])
    func `deletes no copy that a named row counts on (I7)`(holders: Int, states: Int) throws {
        let model = SweepModel(
            holders: holders,
            quorum: holders,
            entriesMax: 6,
            areHoldersAlike: true
        )
        let exploration = try Exploration(of: model)
        #expect(exploration.holds, "\(exploration)")
        #expect(exploration.states == states)
    }

    @Test func `is as safe where a row goes only when its generation is old`() throws {
        let model = SweepModel(entriesMax: 5, keepsYoungRows: true)
        let exploration = try Exploration(of: model)
        #expect(exploration.holds, "\(exploration)")
        #expect(exploration.states == 63_797)
    }

    /// Two that have the same are as one: so states of two alike come from twice as many, less those of one.
    @Test func `misses nothing where it does not tell holders apart`() throws {
        let one = try Exploration(of: SweepModel(holders: 1, quorum: 1, entriesMax: 4))
        let two = try Exploration(of: SweepModel(entriesMax: 4))
        let alike = try Exploration(of: SweepModel(entriesMax: 4, areHoldersAlike: true))
        #expect(one.holds && two.holds && alike.holds)
        #expect(two.states == 35_952)
        #expect(2 * alike.states == two.states + one.states)
        for mistake in [SweepModel.Mistake.deletesYoung, .takesAnyGeneration, .replaysDeletes] {
            let lengths = try [false, true].map { areHoldersAlike in
                var model = SweepModel(entriesMax: 6, mistake: mistake)
                model.areHoldersAlike = areHoldersAlike
                return try Exploration(of: model).counterexample?.history.count
            }
            #expect(lengths[0] == lengths[1])
        }
    }

    @Test func `with young generations deleted is found to lose a copy behind its receipt`() throws
    {
        let exploration = try Exploration(of: SweepModel(entriesMax: 6, mistake: .deletesYoung))
        #expect(
            exploration.told == """
                I7: named, and fewer than 2 have .2
                  1. h0 stores .2 (its catalog at 0)
                  2. h0 gives its receipt for .2
                  3. h0 deletes .2 (decided at 0)
                  4. h1 stores .2 (its catalog at 0)
                  5. h1 gives its receipt for .2
                  6. entry 1: named with receipts of .2
                """
        )
    }

    @Test func `with receipts of any generation is found to name what may be deleted`() throws {
        let exploration = try Exploration(
            of: SweepModel(entriesMax: 6, mistake: .takesAnyGeneration)
        )
        #expect(
            exploration.told == """
                I7: named, and fewer than 2 have .2
                  1. entry 1: epoch 3
                  2. entry 2: epoch 4
                  3. h0 stores .2 (its catalog at 0)
                  4. h0 gives its receipt for .2
                  5. h0 deletes .2 (decided at 2)
                  6. h1 stores .2 (its catalog at 0)
                  7. h1 gives its receipt for .2
                  8. entry 3: named with receipts of .2
                """
        )
    }

    /// The row went and came back with the same generation; only looking at what there is now shows it.
    @Test func `with deletes that are replayed is found to delete what was named again`() throws {
        let exploration = try Exploration(of: SweepModel(entriesMax: 6, mistake: .replaysDeletes))
        #expect(
            exploration.told == """
                I7: named, and fewer than 2 have .2
                  1. entry 1: epoch 3
                  2. h0 stores .2 (its catalog at 0)
                  3. h0 gives its receipt for .2
                  4. h1 stores .2 (its catalog at 0)
                  5. h1 gives its receipt for .2
                  6. entry 2: named with receipts of .2
                  7. entry 3: the last name goes
                  8. entry 4: the row .2 goes
                  9. entry 5: named with receipts of .2
                  10. entry 6: epoch 4
                  11. h0 deletes .2 (decided at 6)
                """
        )
    }

    @Test(.enabled(if: Depth.isDeep), arguments: [(2, 7), (3, 4)])
    func `deletes no copy that a named row counts on, in more states (I7)`(
        holders: Int,
        entriesMax: Int
    ) throws {
        let model = SweepModel(
            holders: holders,
            quorum: 2,
            entriesMax: entriesMax,
            areHoldersAlike: true
        )
        let exploration = try Exploration(of: model)
        #expect(exploration.holds, "\(exploration)")
        print("sweep, \(holders) holders, \(entriesMax) entries: \(exploration)")
    }
}
