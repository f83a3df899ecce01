// SPDX-License-Identifier: Apache-2.0

import OCI
import Simulation
import Testing

/// What the checker says decides about a seed, so it is itself judged by histories made by hand: five
/// that an honest registry can leave, five that none can.
@Suite struct `The checker of whole histories` {
    let words: HandMade

    init() throws {
        words = try HandMade()
    }

    /// The verdict, which must be the definition's.
    private func conflict(_ operations: [TagOperation?]) -> String? {
        let history = TagHistory(words.repository, operations.compactMap { $0 })
        let verdict = LinearizabilityChecker().check(history)
        #expect((verdict == .explained) == BruteForce(history).isExplained())
        #expect(verdict != .undecided)
        return verdict.conflict
    }

    // MARK: - Wrong

    @Test func `refuses a stale read after an acknowledged put`() {
        let found = conflict([
            words.did(1, 2, words.put(1, 0)),
            words.did(3, 4, words.put(2, 0)),
            words.saw(5, 6, 0, 1),
        ])
        #expect(found != nil)
    }

    @Test func `refuses two compare-and-sets from the same value, of which one is a lost update`() {
        let fromOne = HandMade.digest(1).map { Demand.value($0) }
        let found = conflict([
            words.did(1, 2, words.put(1, 0)),
            words.did(3, 8, words.put(2, 0, demand: fromOne)),
            words.did(4, 7, words.put(3, 0, demand: fromOne)),
        ])
        #expect(found != nil)
    }

    @Test func `refuses a push of two tags that is seen half`() {
        let found = conflict([
            words.did(1, 2, words.put(1, 0, 1)),
            words.did(3, 20, words.put(2, 0, 1)),
            words.saw(5, 6, 0, 2),
            words.saw(7, 8, 1, 1),
        ])
        #expect(found != nil)
    }

    @Test func `refuses a manifest's deletion that is seen for one of its tags only`() {
        let found = conflict([
            words.did(1, 2, words.put(1, 0, 1)),
            words.did(3, 20, words.delete(manifest: 1)),
            words.listed(5, 6, [1]),
        ])
        #expect(found != nil)
    }

    @Test func `refuses an unknown put that takes effect and then vanishes`() {
        let found = conflict([
            words.did(1, 2, words.put(1, 0)),
            words.did(3, 4, words.put(2, 0), .unknown),
            words.saw(5, 6, 0, 2),
            words.saw(7, 8, 0, 1),
        ])
        #expect(found != nil)
    }

    // MARK: - Right

    @Test func `takes two puts at once in the order in which they were seen`() {
        let found = conflict([
            words.did(1, 10, words.put(1, 0)),
            words.did(2, 9, words.put(2, 0)),
            words.saw(3, 4, 0, 2),
            words.saw(5, 6, 0, 1),
            words.saw(11, 12, 0, 1),
        ])
        #expect(found == nil)
    }

    @Test func `takes a put that was never answered and is seen after a later one`() {
        let found = conflict([
            words.did(1, 2, words.put(1, 0)),
            words.did(3, nil, words.put(2, 0), .unknown),
            words.saw(5, 6, 0, 1),
            words.did(7, 8, words.put(3, 0)),
            words.saw(9, 10, 0, 3),
            words.saw(11, 12, 0, 2),
        ])
        #expect(found == nil)
    }

    @Test func `takes two compare-and-sets from the same value, of which one is refused`() {
        let fromOne = HandMade.digest(1).map { Demand.value($0) }
        let found = conflict([
            words.did(1, 2, words.put(1, 0)),
            words.did(3, 8, words.put(2, 0, demand: fromOne)),
            words.did(4, 7, words.put(3, 0, demand: fromOne), .unmet),
            words.saw(9, 10, 0, 2),
        ])
        #expect(found == nil)
    }

    @Test func `takes a deletion between two pages of a list`() {
        let found = conflict([
            words.did(1, 2, words.put(1, 0, 1)),
            words.did(3, 20, words.delete(manifest: 1)),
            words.listed(5, 6, [0], limit: 1, hasMore: true),
            words.listed(7, 8, [], after: "v1", limit: 1),
        ])
        #expect(found == nil)
    }

    @Test func `takes a deletion that spares a tag which was moved away before it`() {
        let found = conflict([
            words.did(1, 2, words.put(1, 0, 1)),
            words.did(3, 20, words.delete(manifest: 1, perhaps: 2)),
            words.did(4, 10, words.put(2, 1)),
            words.saw(11, 12, 1, 2),
            words.saw(21, 22, 0, 0),
            words.has(23, 24, 1, false),
            words.has(25, 26, 2, true),
            words.saw(27, 28, 1, 2),
        ])
        #expect(found == nil)
    }

    // MARK: - Against the definition

    @Test func `says of tiny histories what trying every order says`() {
        var explained = 0
        var refused = 0
        for seed in UInt64(0)..<400 {
            var random = RandomHistory(words, seed: seed)
            let count = 2 + Int(seed % 5)
            let concurrency = 1 + Int(seed % 4)
            var history = random.make(count, concurrency: concurrency, digests: 2)
            #expect(BruteForce(history).isExplained(), "seed \(seed) was made wrongly")
            for _ in 0..<3 {
                let isExplained = BruteForce(history).isExplained()
                let verdict = LinearizabilityChecker().check(history)
                #expect(verdict == .explained || verdict.conflict != nil)
                #expect((verdict == .explained) == isExplained, "seed \(seed)")
                if isExplained { explained += 1 } else { refused += 1 }
                history = random.spoiled(history)
            }
        }
        // Of both kinds enough, or the comparison shows nothing.
        #expect(explained > 300)
        #expect(refused > 300)
    }

    @Test(arguments: [4, 8])
    func `explains long histories of so many clients`(_ clients: Int) {
        for seed in UInt64(0)..<3 {
            var random = RandomHistory(words, seed: seed)
            random.endlessPercent = 0
            let history = random.make(300, concurrency: clients, digests: 13)
            #expect(LinearizabilityChecker().check(history) == .explained, "seed \(seed)")
        }
    }

    // MARK: - Bounds and words

    @Test func `tries no put that was never answered and that nobody can see`() {
        var operations: [TagOperation?] = [words.did(1, 2, words.put(1, 0))]
        for index in 0..<500 {
            let call = 3 + 2 * index
            operations.append(words.did(call, nil, words.put(2, 1), .unknown))
            operations.append(words.saw(call, call + 1, 0, 1))
        }
        #expect(words.verdict(operations) == .explained)
    }

    @Test func `is undecided where it met its bound, which is neither right nor wrong`() {
        var random = RandomHistory(words, seed: 1)
        let history = random.make(100, concurrency: 8, digests: 3)
        #expect(LinearizabilityChecker(stepsMax: 5).check(history) == .undecided)
        // More that were never answered and can be seen than it keeps account of.
        let unanswered = (0..<100).map { words.did($0, nil, words.put(1, 0), .unknown) }
        #expect(words.verdict(unanswered + [words.saw(200, 201, 0, 1)]) == .undecided)
    }

    @Test func `names the fewest operations that cannot be ordered`() {
        var operations: [TagOperation?] = []
        for index in 0..<50 {
            operations.append(words.did(4 * index, 4 * index + 1, words.put(3, 1)))
            operations.append(words.saw(4 * index + 2, 4 * index + 3, 1, 3))
        }
        operations += [
            words.did(1000, 1001, words.put(1, 0)),
            words.did(1002, 1003, words.put(2, 0)),
            words.saw(1004, 1005, 1, 3),
            words.saw(1006, 1007, 0, 1),
            words.saw(1008, 1009, 0, 2),
        ]
        #expect(
            words.verdict(operations).conflict
                == "team/app: no order explains these, whatever was there before: "
                + "[1002–1003] change did: v1 is 02020202; [1006–1007] read shows v1 as 01010101"
        )
    }

    @Test func `a list says one moment, all of its names and in order`() {
        let both = words.did(1, 2, words.put(1, 0, 1))
        #expect(words.verdict([both, words.listed(3, 4, [0, 1])]) == .explained)
        #expect(words.verdict([both, words.listed(3, 4, [1, 0])]).conflict != nil)
        #expect(words.verdict([both, words.listed(3, 4, [0])]).conflict != nil)
        #expect(words.verdict([both, words.listed(3, 4, [0, 1, 2])]).conflict != nil)
        #expect(words.verdict([both, words.listed(3, 4, [0], limit: 1)]).conflict != nil)
        let first = words.listed(3, 4, [0], limit: 1, hasMore: true)
        #expect(words.verdict([both, first]) == .explained)
        let last = words.listed(3, 4, [0, 1], limit: 2, hasMore: true)
        #expect(words.verdict([both, last]).conflict != nil)
        #expect(words.verdict([both, words.listed(3, 4, [], limit: 0)]) == .explained)
    }

    @Test func `a refusal says that its condition was not so, or nothing`() {
        let put = words.did(1, 2, words.put(1, 0))
        let absent = words.put(2, 0, demand: .absent)
        #expect(words.verdict([put, words.did(3, 4, absent, .unmet)]) == .explained)
        #expect(words.verdict([words.did(3, 4, absent, .unmet)]).conflict != nil)
        #expect(words.verdict([put, words.did(3, 4, absent)]).conflict != nil)
        #expect(words.verdict([put, words.did(3, 4, absent, .refused)]) == .explained)
        // What is already as it is to be is as good.
        let again = words.put(1, 0, demand: .absent)
        #expect(words.verdict([put, words.did(3, 4, again)]) == .explained)
        #expect(words.verdict([put, words.did(3, 4, again, .unmet)]).conflict != nil)
    }
}
