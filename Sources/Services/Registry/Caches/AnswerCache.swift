// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Answers kept in memory under the path that asks for them, bounded in bytes.
///
/// A value may enter only if nothing of its kind changed since the snapshot it was read from, so a
/// reader that began before a commit can never put back what the commit ended (I5): the reader takes
/// a `ticket` before it opens its snapshot; `drop` raises the mark of the key's bucket, after the
/// commit and before its acknowledgement; `insert` refuses a ticket older than the mark.
final class AnswerCache<Value: Sendable>: Sendable {
    /// When a reader began.
    struct Ticket: Sendable {
        fileprivate var sequence: UInt64
    }

    /// Keys share marks; one that is raised for another key only costs a refused insertion.
    private static var bucketCount: Int { 4096 }

    private struct Slot {
        var value: Value
        var cost: Int
        var wasUsed: Bool
    }

    private struct State {
        var slots: [String: Slot] = [:]
        /// Keys in the order of insertion, for the second-chance hand.
        var queue: [String] = []
        var hand = 0
        var cost = 0
        var sequence: UInt64 = 0
        var marks: [UInt64]
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
            guard let index = state.slots.index(forKey: key) else { return nil }
            state.slots.values[index].wasUsed = true
            return state.slots.values[index].value
        }
    }

    /// To be taken before the snapshot is opened from which a value is made.
    func ticket() -> Ticket {
        Ticket(sequence: state.withLock(\.sequence))
    }

    /// Keeps a value of so many bytes, unless its kind changed since the ticket.
    func insert(_ key: String, _ value: Value, cost: Int, _ ticket: Ticket) {
        guard cost <= costMax / 4 else { return }
        state.withLock { state in
            guard state.marks[Self.bucket(key)] <= ticket.sequence else { return }
            if let before = state.slots[key] {
                state.cost -= before.cost
            } else {
                state.queue.append(key)
            }
            state.slots[key] = Slot(value: value, cost: cost, wasUsed: false)
            state.cost += cost
            Self.makeRoom(&state, costMax: costMax, countMax: countMax)
        }
    }

    /// Forgets keys, and every value that is being made from an older snapshot.
    func drop(_ keys: [String]) {
        state.withLock { state in
            state.sequence += 1
            for key in keys {
                state.marks[Self.bucket(key)] = state.sequence
                if let slot = state.slots.removeValue(forKey: key) { state.cost -= slot.cost }
            }
        }
    }

    /// Bytes and values held.
    var size: (bytes: Int, count: Int) {
        state.withLock { ($0.cost, $0.slots.count) }
    }

    private static func bucket(_ key: String) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        return Int(UInt(bitPattern: hasher.finalize()) % UInt(bucketCount))
    }

    /// Second chance: what was used since the hand last passed stays for a round.
    private static func makeRoom(_ state: inout State, costMax: Int, countMax: Int) {
        while state.cost > costMax || state.slots.count > countMax, !state.queue.isEmpty {
            if state.hand >= state.queue.count { state.hand = 0 }
            let key = state.queue[state.hand]
            if state.slots[key]?.wasUsed == true {
                state.slots[key]?.wasUsed = false
                state.hand += 1
                continue
            }
            if let slot = state.slots.removeValue(forKey: key) { state.cost -= slot.cost }
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
