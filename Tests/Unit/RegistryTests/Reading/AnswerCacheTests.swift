// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `The cache of answers` {
    @Test func `a value is kept and found`() {
        let cache = AnswerCache<Int>(costMax: 100, countMax: 10)
        cache.insert("a", 1, cost: 10, cache.ticket())
        #expect(cache.value("a") == 1)
        #expect(cache.value("b") == nil)
    }

    @Test func `a reader that began before a commit never puts back what it ended`() {
        // I5.
        let cache = AnswerCache<Int>(costMax: 100, countMax: 10)
        let before = cache.ticket()
        cache.hold(["a"])
        let during = cache.ticket()
        cache.insert("a", 1, cost: 1, during)
        #expect(cache.value("a") == nil)
        cache.release(["a"])
        for ticket in [before, during] {
            cache.insert("a", 1, cost: 1, ticket)
            #expect(cache.value("a") == nil)
        }
        cache.insert("a", 2, cost: 1, cache.ticket())
        #expect(cache.value("a") == 2)
    }

    @Test func `nothing is left once it was emptied, and nothing read before comes in`() {
        let cache = AnswerCache<Int>(costMax: 100, countMax: 10)
        cache.insert("a", 1, cost: 10, cache.ticket())
        let before = cache.ticket()
        cache.empty()
        cache.insert("b", 1, cost: 10, before)
        #expect(cache.value("a") == nil && cache.value("b") == nil)
        #expect(cache.statistics.bytes == 0 && cache.statistics.count == 0 && cache.queued == 0)
        cache.insert("b", 2, cost: 10, cache.ticket())
        #expect(cache.value("b") == 2)
    }

    @Test func `values that are forgotten do not come back, and what is held stays held`() {
        let cache = AnswerCache<Int>(costMax: 100, countMax: 10)
        for (key, value) in [("a", 1), ("b", 2), ("c", 1)] {
            cache.insert(key, value, cost: 10, cache.ticket())
        }
        let before = cache.ticket()
        cache.hold(["held"])
        cache.forget { $0 == 1 }
        #expect(cache.value("a") == nil && cache.value("c") == nil && cache.value("b") == 2)
        #expect(cache.statistics.bytes == 10)
        cache.insert("a", 1, cost: 10, before)
        cache.insert("held", 3, cost: 10, cache.ticket())
        #expect(cache.value("a") == nil && cache.value("held") == nil)
        cache.release(["held"])
        cache.insert("a", 4, cost: 10, cache.ticket())
        cache.insert("held", 5, cost: 10, cache.ticket())
        #expect(cache.value("a") == 4 && cache.value("held") == 5)
    }

    @Test func `what a commit is about to end is not found any more`() {
        let cache = AnswerCache<Int>(costMax: 100, countMax: 10)
        cache.insert("a", 1, cost: 1, cache.ticket())
        cache.insert("b", 1, cost: 1, cache.ticket())
        cache.hold(["a"])
        #expect(cache.value("a") == nil)
        #expect(cache.value("b") == 1)
    }

    @Test func `a group ends all its values at once, and lets in what was read after`() {
        // I5.
        let cache = AnswerCache<Int>(costMax: 100, countMax: 10)
        cache.insert("g?1", 1, cost: 1, group: "g", cache.ticket())
        cache.insert("g?2", 2, cost: 1, group: "g", cache.ticket())
        cache.insert("g?", 3, cost: 1, cache.ticket())
        cache.insert("h?1", 4, cost: 1, group: "h", cache.ticket())
        #expect(cache.value("g?1") == 1 && cache.value("g?2") == 2)
        let before = cache.ticket()
        cache.hold(["g"])
        cache.insert("g?3", 3, cost: 1, group: "g", cache.ticket())
        #expect(cache.value("g?1") == nil && cache.value("g?2") == nil)
        cache.release(["g"])
        cache.insert("g?1", 1, cost: 1, group: "g", before)
        for key in ["g?1", "g?2", "g?3"] { #expect(cache.value(key) == nil) }
        #expect(cache.value("g?") == 3 && cache.value("h?1") == 4)
        cache.insert("g?1", 5, cost: 1, group: "g", cache.ticket())
        #expect(cache.value("g?1") == 5)
        #expect(cache.statistics.count == 4 && cache.statistics.bytes == 4)
    }

    @Test func `bytes and number are bounded, and what is too large does not enter`() {
        // I10.
        let cache = AnswerCache<Int>(costMax: 1_000, countMax: 20)
        for number in 0..<200 {
            cache.insert("\(number)", number, cost: 1 + number, cache.ticket())
            #expect(cache.statistics.bytes <= 1_000)
            #expect(cache.statistics.count <= 20)
        }
        cache.insert("large", 0, cost: 251, cache.ticket())
        #expect(cache.value("large") == nil)
    }

    @Test func `what is asked for stays longer than what is not`() {
        let cache = AnswerCache<Int>(costMax: .max, countMax: 10)
        cache.insert("hot", 0, cost: 1, cache.ticket())
        for number in 0..<100 {
            cache.insert("\(number)", number, cost: 1, cache.ticket())
            #expect(cache.value("hot") == 0)
        }
    }

    @Test func `keys that come and go do not pile up`() {
        let cache = AnswerCache<Int>(costMax: 10_000, countMax: 1_000)
        for round in 0..<50_000 {
            let key = "\(round % 7)"
            cache.hold([key])
            cache.release([key])
            cache.insert(key, round, cost: 1, cache.ticket())
        }
        #expect(cache.statistics.count == 7)
        #expect(cache.statistics.bytes == 7)
        #expect(cache.queued < 2_000)
    }

    /// The catalog here is one number; readers and a writer on threads of their own.
    @Test func `no reader sees something older than what was read or acknowledged before`()
        async throws
    {
        let cache = AnswerCache<Int>(costMax: 10_000, countMax: 100)
        let model = Model()
        let violations = await withTaskGroup(of: Int.self) { group in
            group.addTask {
                for value in 1...20_000 {
                    cache.hold(["tag"])
                    model.truth.withLock { $0 = value }
                    cache.release(["tag"])
                    model.acknowledged.withLock { $0 = value }
                }
                return 0
            }
            for _ in 0..<4 {
                group.addTask {
                    var violations = 0
                    for _ in 0..<20_000 {
                        let least = max(
                            model.acknowledged.withLock(\.self),
                            model.seen.withLock(\.self)
                        )
                        var value = cache.value("tag")
                        if value == nil {
                            let ticket = cache.ticket()
                            let read = model.truth.withLock(\.self)
                            cache.insert("tag", read, cost: 1, ticket)
                            value = read
                        }
                        if let value, value < least { violations += 1 }
                        if let value { model.seen.withLock { $0 = max($0, value) } }
                    }
                    return violations
                }
            }
            return await group.reduce(0, +)
        }
        #expect(violations == 0)
    }
}

/// A catalog of one tag whose value is a number that rises.
private final class Model: Sendable {
    let truth = Mutex(0)
    let acknowledged = Mutex(0)
    let seen = Mutex(0)
}
