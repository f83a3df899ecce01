// SPDX-License-Identifier: Apache-2.0

/// Looks for a moment for each operation between its call and its end, so that each finds a map in
/// which it says the truth (Wing and Gong 1993; Lowe 2017).
///
/// Goes from end to end and makes an operation take effect at the latest at its end, after any of
/// those then under way: whatever can come later is left for later. A dead end is taken back; a pair
/// of a map and the operations that took effect on the way to it is tried once. Where nothing is under
/// way, what was tried is the set of maps that are possible there.
struct LinearizabilitySearch {
    enum Result: Equatable {
        case explained
        /// No order has a place for the step of that index, or none after those before it.
        case impossible(Int)
        /// More steps than allowed were needed, or more operations overlapped.
        case undecided
    }

    /// Where the search is: before an end, with a map and the operations that took effect.
    private struct Place: Hashable {
        var end: Int
        var map: TagMap
        /// Bits of operations under way that took effect.
        var done: UInt64
    }

    private let steps: [TagStep]
    private let stepsMax: Int
    /// How many maps were made.
    private(set) var stepsCount = 0
    private var timetable: [TagTimetable.End] = []
    /// What is to be tried: by how many operations without an end took effect, the latest last.
    private var stacks: [[Place]] = []
    /// By place without optional operations, which of those it was reached with.
    private var tried: [Place: [UInt64]] = [:]

    init(_ steps: [TagStep], stepsMax: Int) {
        self.steps = steps
        self.stepsMax = stepsMax
    }

    /// Searches from one map.
    mutating func run(_ intervals: [TagInterval], from start: TagMap) -> Result {
        guard
            let table = TagTimetable(intervals, steps, slotsCount: start.values.count)
        else { return .undecided }
        timetable = table.ends
        (stepsCount, tried) = (0, [:])
        stacks = Array(repeating: [], count: TagTimetable.pendingMax + 1)
        var furthest = 0
        push(Place(end: 0, map: start, done: 0))
        // What was never answered seldom happened: those ways are tried last.
        while let fewest = stacks.firstIndex(where: { !$0.isEmpty }),
            let place = stacks[fewest].popLast()
        {
            guard place.end < timetable.count else { return .explained }
            guard stepsCount <= stepsMax else { return .undecided }
            furthest = max(furthest, place.end)
            goOn(from: place, timetable[place.end])
        }
        return .impossible(timetable[furthest].ending.interval.step)
    }

    /// Tries what can come next; what is pushed last is tried first.
    private mutating func goOn(from place: Place, _ end: TagTimetable.End) {
        guard place.done & end.ending.bit == 0 else { return pass(place, end) }
        for other in end.related where place.done & other.bit == 0 {
            for next in outcomes(of: other, place, end.live) { push(next) }
        }
        if end.ending.interval.isOptional { pass(place, end) }
        for next in outcomes(of: end.ending, place, end.live) { push(next) }
    }

    /// Goes to the next end.
    private mutating func pass(_ place: Place, _ end: TagTimetable.End) {
        var next = Place(
            end: place.end + 1,
            map: place.map,
            done: place.done & ~end.ending.bit
        )
        if next.end < timetable.count {
            next.done &= ~timetable[next.end].dropped
            for slot in timetable[next.end].dead { next.map.values[slot] = TagMap.absent }
        }
        push(next)
    }

    private mutating func outcomes(
        of operation: TagTimetable.Pending,
        _ place: Place,
        _ live: [Bool]
    ) -> [Place] {
        let maps = steps[operation.interval.step].outcomes(of: place.map, live: live)
        stepsCount += max(1, maps.count)
        // What may never have happened and changes nothing can be left out.
        return maps.filter { !operation.interval.isOptional || $0 != place.map }.map {
            Place(end: place.end, map: $0, done: place.done | operation.bit)
        }
    }

    private mutating func push(_ reached: Place) {
        var place = reached
        var optional: UInt64 = 0
        var endlessCount = 0
        if place.end < timetable.count {
            let end = timetable[place.end]
            settle(&place, end)
            optional = end.optionalBits
            endlessCount = (place.done & end.endlessBits).nonzeroBitCount
        }
        // Whoever reached it with fewer of those that may never have happened can do all it can.
        let used = place.done & optional
        var key = place
        key.done &= ~optional
        var known = tried[key] ?? []
        guard !known.contains(where: { $0 & used == $0 }) else { return }
        known.removeAll { $0 & used == used }
        tried[key] = known + [used]
        stacks[endlessCount].append(place)
    }

    /// Lets every read take effect that its map answers as it is: nothing is gained by putting it off.
    private func settle(_ place: inout Place, _ end: TagTimetable.End) {
        for read in end.reads where place.done & read.bit == 0 {
            if steps[read.interval.step].fits(place.map) { place.done |= read.bit }
        }
    }
}
