// SPDX-License-Identifier: Apache-2.0

import Testing

/// I1 and I3 for one upload, with chunks that come late, twice, damaged and in any order.
///
/// The numbers of states are those of the model as it is: another number is another model, and where it
/// is smaller, something can no longer happen.
@Suite struct `Upload, in every state of a small model` {
    private static let alone = UploadModel(holders: 1, quorum: 1, size: 3)
    private static let pair = UploadModel()

    @Test func `publishes what hashes to its name, and keeps it (I1, I3)`() throws {
        for (model, states) in [(Self.alone, 1159), (Self.pair, 63_305)] {
            let exploration = try Exploration(of: model)
            #expect(exploration.holds, "\(exploration)")
            #expect(exploration.states == states)
        }
    }

    @Test func `with chunks taken at any length is found to append one twice`() throws {
        for var model in [Self.alone, Self.pair] {
            model.mistake = .appendsAtAnyLength
            #expect(
                try Exploration(of: model).told == """
                    a chunk was appended at another length than it was sent for: [0 0]
                      1. the client sends chunk 0 (generation 0, good)
                      2. h0 appends chunk 0 (generation 0, good)
                      3. h0 appends chunk 0 (generation 0, good)
                    """
            )
        }
    }

    @Test func `without a hash is found to publish damaged bytes (I3)`() throws {
        var model = Self.alone
        model.size = 1
        model.mistake = .publishesUnverified
        #expect(
            try Exploration(of: model).told == """
                I3: [0!] is published as [0]
                  1. the client sends chunk 0 (generation 0, damaged)
                  2. h0 appends chunk 0 (generation 0, damaged)
                  3. the client learns that 1 are there
                  4. the client sends the PUT (generation 0)
                  5. h0 publishes [0!]
                """
        )
    }

    @Test func `with chunks of an older generation is found to tell one length of two contents`()
        throws
    {
        var model = Self.pair
        model.mistake = .takesOlderGeneration
        #expect(
            try Exploration(of: model).told == """
                holders of one generation differ: [0] and [0!]
                  1. the client sends chunk 0 (generation 0, good)
                  2. h0 loses its disk
                  3. h1 goes on with [] as generation 1
                  4. the client learns of generation 1
                  5. the client sends chunk 0 (generation 1, damaged)
                  6. h0 is refilled from h1 with []
                  7. h0 appends chunk 0 (generation 0, good)
                  8. h1 appends chunk 0 (generation 1, damaged)
                """
        )
    }

    @Test func `acknowledged before the quorum has it is found to be lost with a disk (I1)`() throws
    {
        var model = Self.pair
        model.size = 1
        model.mistake = .acknowledgesBeforeQuorum
        #expect(
            try Exploration(of: model).told == """
                I1: acknowledged, and nobody has it
                  1. the client sends chunk 0 (generation 0, good)
                  2. h0 appends chunk 0 (generation 0, good)
                  3. h1 appends chunk 0 (generation 0, good)
                  4. the client learns that 1 are there
                  5. the client sends the PUT (generation 0)
                  6. h0 publishes [0]
                  7. the client is told that its blob is there
                  8. h0 loses its disk
                """
        )
    }

    @Test func `published without a sync is found to be lost with the power (I1)`() throws {
        var model = Self.alone
        model.size = 1
        model.mistake = .publishesUnsynced
        #expect(
            try Exploration(of: model).told == """
                I1: acknowledged, and nobody has it
                  1. the client sends chunk 0 (generation 0, good)
                  2. h0 appends chunk 0 (generation 0, good)
                  3. the client learns that 1 are there
                  4. the client sends the PUT (generation 0)
                  5. h0 publishes [0]
                  6. the client is told that its blob is there
                  7. the power of h0 fails; the blob is gone
                """
        )
    }

    @Test(.enabled(if: Depth.isDeep), arguments: [(3, 1), (2, 2)])
    func `publishes what hashes to its name, and keeps it, in more states (I1, I3)`(
        size: Int,
        lastGeneration: Int
    ) throws {
        let model = UploadModel(size: size, lastGeneration: lastGeneration)
        let exploration = try Exploration(of: model)
        #expect(exploration.holds, "\(exploration)")
        print("upload, \(size) chunks, generations to \(lastGeneration): \(exploration)")
    }
}
