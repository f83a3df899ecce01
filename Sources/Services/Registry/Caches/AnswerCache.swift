// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if SABOTAGE
import Platform
#endif

/// Answers kept in memory under the path that asks for them, bounded in bytes and in number.
///
/// A reader that began before a commit can never put back, or be given, what the commit ended (I5):
///
/// - a reader takes a `ticket` before it opens its snapshot, and `insert` refuses a ticket older than
///   the mark of the key's bucket;
/// - the writer calls `hold` before it commits: the keys are forgotten, and nothing enters under them;
/// - it calls `release` when the commit has ended, either way: marks are raised, and readers that begin
///   from then on may enter what they read.
///
/// So from before the commit until after it every reader of those keys goes to the catalog, which
/// changes from old to new for all of them at one moment.
///
/// Values that end together, as a repository's pages of tags do, are entered with the key of their group:
/// holding that one ends them all, and they are found no more although they still take room.
final class AnswerCache<Value: Sendable>: Sendable {
    /// When a reader began.
    struct Ticket: Sendable {
        fileprivate var sequence: UInt64
    }

    /// What was asked of it and what it could answer.
    struct Statistics: Hashable, Sendable {
        var bytes = 0
        var count = 0
        var hits: UInt64 = 0
        var misses: UInt64 = 0
    }

    /// Keys share marks; one that is raised for another key only costs a refused insertion.
    private static var bucketCount: Int { 4096 }

    private struct Slot {
        var value: Value
        var cost: Int
        var wasUsed: Bool
        /// The bucket of its group, and when its reader began; nil for a value that ends with its key.
        var group: (bucket: Int, sequence: UInt64)?
    }

    private struct State {
        var slots: [String: Slot] = [:]
        /// Keys in the order of insertion, for the second-chance hand.
        var queue: [String] = []
        var hand = 0
        var sequence: UInt64 = 0
        var marks: [UInt64]
        var statistics = Statistics()
    }

    private let state: Mutex<State>
    private let costMax: Int
    private let countMax: Int

    /// A cache of at most `costMax` bytes in at most `countMax` values.
    init(costMax: Int, countMax: Int) {
        self.costMax = costMax
        self.countMax = countMax
        state = Mutex(State(marks: [UInt64](repeating: 0, count: Self.bucketCount)))
    }

    /// The value of a key.
    func value(_ key: String) -> Value? {
        state.withLock { state in
            guard let slot = state.slots[key] else { return nil }
            if let (bucket, sequence) = slot.group, state.marks[bucket] > sequence { return nil }
            state.statistics.hits += 1
            if !slot.wasUsed { state.slots[key]?.wasUsed = true }
            return slot.value
        }
    }

    /// To be taken, after a miss, before the snapshot is opened from which a value is made.
    func ticket() -> Ticket {
        state.withLock { state in
            state.statistics.misses += 1
            return Ticket(sequence: state.sequence)
        }
    }

    /// Keeps a value of so many bytes, unless its key, or its group's, was held since the ticket.
    func insert(
        _ key: String,
        _ value: Value,
        cost: Int,
        group: String? = nil,
        _ ticket: Ticket
    ) {
        // One value must not empty the cache for all others.
        guard cost <= costMax / 4 else { return }
        state.withLock { state in
            let bucket = Self.bucket(group ?? key)
            guard state.marks[bucket] <= ticket.sequence || Self.keepsStale else { return }
            if let before = state.slots[key] {
                state.statistics.bytes -= before.cost
            } else {
                state.queue.append(key)
            }
            state.slots[key] = Slot(
                value: value,
                cost: cost,
                wasUsed: false,
                group: group.map { _ in (bucket, ticket.sequence) }
            )
            state.statistics.bytes += cost
            Self.makeRoom(&state, costMax: costMax, countMax: countMax)
        }
    }

    /// Forgets keys and groups, and lets nothing in under them until `release`; one holder at a time.
    func hold(_ keys: [String]) {
        state.withLock { state in
            for key in keys {
                state.marks[Self.bucket(key)] = .max
                guard let slot = state.slots.removeValue(forKey: key) else { continue }
                state.statistics.bytes -= slot.cost
            }
        }
    }

    /// Lets in what is read from now on under keys that were held.
    func release(_ keys: [String]) {
        state.withLock { state in
            state.sequence += 1
            for key in keys { state.marks[Self.bucket(key)] = state.sequence }
        }
    }

    /// Forgets the values that `isEnded` knows, and lets in nothing that was read before; others may be
    /// held meanwhile.
    func forget(_ isEnded: (Value) -> Bool) {
        state.withLock { state in
            state.sequence += 1
            for bucket in state.marks.indices where state.marks[bucket] != .max {
                state.marks[bucket] = state.sequence
            }
            // Which goes first makes no difference to what stays.
            for (key, slot) in state.slots where isEnded(slot.value) {
                state.slots[key] = nil
                state.statistics.bytes -= slot.cost
            }
        }
    }

    /// Forgets everything, and lets in nothing that was read before; while nobody holds keys.
    func empty() {
        state.withLock { state in
            state.sequence += 1
            state.marks = [UInt64](repeating: state.sequence, count: Self.bucketCount)
            state.slots.removeAll()
            state.queue.removeAll()
            state.hand = 0
            state.statistics.bytes = 0
        }
    }

    /// Bytes and values held, and how often it helped.
    var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.count = state.slots.count
            return statistics
        }
    }

    /// Keys the hand has to look at, some of them held no more.
    var queued: Int { state.withLock { $0.queue.count } }

    /// Whether an answer is kept although its key was held since it was read.
    private static var keepsStale: Bool {
        #if SABOTAGE
        Sabotage.makes("keepsAnswersReadBefore")
        #else
        false
        #endif
    }

    private static func bucket(_ key: String) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        return Int(UInt(bitPattern: hasher.finalize()) % UInt(bucketCount))
    }

    /// Second chance: what was used since the hand last passed stays for a round.
    private static func makeRoom(_ state: inout State, costMax: Int, countMax: Int) {
        while state.statistics.bytes > costMax || state.slots.count > countMax,
            !state.queue.isEmpty
        {
            if state.hand >= state.queue.count { state.hand = 0 }
            let key = state.queue[state.hand]
            if state.slots[key]?.wasUsed == true {
                state.slots[key]?.wasUsed = false
                state.hand += 1
                continue
            }
            if let slot = state.slots.removeValue(forKey: key) {
                state.statistics.bytes -= slot.cost
            }
            state.queue.swapAt(state.hand, state.queue.count - 1)
            state.queue.removeLast()
        }
        // Dropped keys leave the queue when the hand meets them; a queue of mostly those is rebuilt.
        if state.queue.count > 2 * state.slots.count + 1024 {
            state.queue = state.slots.keys.sorted()
            state.hand = 0
        }
    }
}
