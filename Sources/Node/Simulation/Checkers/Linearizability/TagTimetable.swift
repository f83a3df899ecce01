// SPDX-License-Identifier: Apache-2.0

/// An operation in a search: which, and when it may take effect.
struct TagInterval {
    /// Its index among the steps.
    var step: Int
    var call: Int
    /// Nil when it may still take effect after everything else.
    var end: Int?
    /// Whether nobody knows if it took effect.
    var isOptional: Bool
}

/// The ends of operations in their order, with those under way at each and what is still looked at.
struct TagTimetable {
    /// The most operations under way at the same time, those included that were never answered.
    static let pendingMax = 64

    struct Pending {
        var interval: TagInterval
        /// Its own among those under way.
        var bit: UInt64
    }

    struct End {
        var ending: Pending
        /// Others under way that can matter to it: the rest can as well come later.
        var related: [Pending] = []
        /// Reads under way, its own included.
        var reads: [Pending] = []
        var optionalBits: UInt64 = 0
        /// Bits of operations that were never answered.
        var endlessBits: UInt64 = 0
        /// Bits of operations that nobody can notice any more since the last end.
        var dropped: UInt64 = 0
        /// By slot: whether an operation under way or to come looks at it.
        var live: [Bool]
        /// Slots at which nobody looks any more since the last end: maps that differ there are equal.
        var dead: [Int] = []
    }

    private(set) var ends: [End] = []
    private let steps: [TagStep]
    private var pending: [Pending] = []

    /// Makes a timetable; nil when more operations overlap than have a bit.
    init?(_ intervals: [TagInterval], _ steps: [TagStep], slotsCount: Int) {
        self.steps = steps
        let lastReads = TagTimetable.lastReads(intervals, steps, slotsCount: slotsCount)
        var live = Array(repeating: true, count: slotsCount)
        var dead: [Int] = []
        var dropped: UInt64 = 0
        for event in TagTimetable.events(intervals) {
            let interval = intervals[event.interval]
            // At this tick, whoever ends has not looked yet.
            for slot in live.indices where live[slot] && lastReads[slot] < event.tick {
                live[slot] = false
                dead.append(slot)
            }
            guard event.isEnd else {
                guard begin(interval, live: live) else { return nil }
                continue
            }
            for operation in pending where isUnseen(operation.interval, live: live) {
                dropped |= operation.bit
            }
            pending = pending.filter { !isUnseen($0.interval, live: live) }
            // One that is not there changes nothing that anybody sees.
            guard let index = pending.firstIndex(where: { $0.interval.step == interval.step })
            else { continue }
            var end = end(pending[index], live: live)
            (end.dead, end.dropped) = (dead, dropped)
            ends.append(end)
            (dead, dropped) = ([], 0)
            pending.remove(at: index)
        }
    }

    private struct Event {
        var tick: Int
        var isEnd: Bool
        var interval: Int
    }

    /// Calls and ends in their order; at one tick calls come first, since those overlap.
    private static func events(_ intervals: [TagInterval]) -> [Event] {
        var events: [Event] = []
        for (index, interval) in intervals.enumerated() {
            events.append(Event(tick: interval.call, isEnd: false, interval: index))
            if let end = interval.end {
                events.append(Event(tick: end, isEnd: true, interval: index))
            }
        }
        return events.sorted {
            ($0.tick, $0.isEnd ? 1 : 0, $0.interval) < ($1.tick, $1.isEnd ? 1 : 0, $1.interval)
        }
    }

    private mutating func begin(_ interval: TagInterval, live: [Bool]) -> Bool {
        guard !isUnseen(interval, live: live) else { return true }
        let used = pending.reduce(UInt64(0)) { $0 | $1.bit }
        guard used != UInt64.max else { return false }
        let bit = UInt64(1) << UInt64((~used).trailingZeroBitCount)
        pending.append(Pending(interval: interval, bit: bit))
        return true
    }

    private func end(_ ending: Pending, live: [Bool]) -> End {
        var end = End(ending: ending, live: live)
        end.related = related(to: ending)
        for operation in pending {
            if operation.interval.isOptional { end.optionalBits |= operation.bit }
            if operation.interval.end == nil { end.endlessBits |= operation.bit }
            if steps[operation.interval.step].isRead { end.reads.append(operation) }
        }
        return end
    }

    /// Whether it may never have happened and nobody will notice.
    private func isUnseen(_ interval: TagInterval, live: [Bool]) -> Bool {
        interval.isOptional && steps[interval.step].writes.allSatisfy { !live[$0] }
    }

    private func related(to ending: Pending) -> [Pending] {
        var footprint = steps[ending.interval.step].footprint
        var related: UInt64 = ending.bit
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for other in pending where related & other.bit == 0 {
                let others = steps[other.interval.step].footprint
                guard others & footprint != 0 else { continue }
                related |= other.bit
                footprint |= others
                isGrowing = true
            }
        }
        // Those that may never have happened are tried last, and so come first.
        let all = pending.filter { related & $0.bit != 0 && $0.bit != ending.bit }
        return all.filter(\.interval.isOptional) + all.filter { !$0.interval.isOptional }
    }

    /// By slot, when it is looked at last.
    ///
    /// What was never answered looks at a slot for as long as somebody looks at what it sets.
    private static func lastReads(
        _ intervals: [TagInterval],
        _ steps: [TagStep],
        slotsCount: Int
    ) -> [Int] {
        var last = Array(repeating: Int.min, count: slotsCount)
        for interval in intervals {
            guard let end = interval.end else { continue }
            for slot in steps[interval.step].reads { last[slot] = max(last[slot], end) }
        }
        var isChanging = true
        while isChanging {
            isChanging = false
            for interval in intervals where interval.end == nil {
                let step = steps[interval.step]
                let until = step.writes.map { last[$0] }.max() ?? Int.min
                for slot in step.reads where last[slot] < until {
                    last[slot] = until
                    isChanging = true
                }
            }
        }
        return last
    }
}
