// SPDX-License-Identifier: Apache-2.0

import OCI

/// Operations of a history that cannot be ordered, made fewer until one can read them.
///
/// What is left is impossible by itself: before a window everything may have been as it will, what
/// was under way then may have happened or not, and an operation is left out only if that asks less
/// of the others.
struct LinearizabilityConflict {
    /// The most maps that all searches for a shorter explanation make, and that one of them makes.
    static let stepsMax = 1_000_000
    private static let searchStepsMax = 50_000

    private let steps: [TagStep]
    private let vocabulary: TagVocabulary
    private(set) var intervals: [TagInterval]
    /// Whether the operations are impossible whatever was there before.
    private(set) var isWindow = false
    private var stepsCount = 0

    init(
        _ steps: [TagStep],
        _ intervals: [TagInterval],
        _ vocabulary: TagVocabulary
    ) {
        self.steps = steps
        self.intervals = intervals
        self.vocabulary = vocabulary
    }

    /// Looks for few operations that cannot be ordered, of which `step` is the last to end.
    mutating func shorten(endingWith step: Int) {
        cut(endingWith: step)
        narrow()
        thin()
    }

    private mutating func conflict(in intervals: [TagInterval]) -> Int? {
        guard stepsCount < LinearizabilityConflict.stepsMax else { return nil }
        var search = LinearizabilitySearch(
            steps,
            stepsMax: LinearizabilityConflict.searchStepsMax
        )
        let start = vocabulary.map(filledWith: isWindow ? TagMap.anything : TagMap.absent)
        let result = search.run(intervals, from: start)
        stepsCount += search.stepsCount
        guard case .impossible(let step) = result else { return nil }
        return step
    }

    /// Leaves out what was called when the conflict was there already.
    private mutating func cut(endingWith step: Int) {
        guard let end = intervals.first(where: { $0.step == step })?.end else { return }
        intervals.removeAll { $0.call > end }
        for index in intervals.indices where intervals[index].end ?? Int.max > end {
            // Nobody has been told yet; a read says nothing before.
            intervals[index].end = nil
            intervals[index].isOptional = true
        }
        intervals.removeAll { $0.isOptional && steps[$0.step].isRead }
    }

    /// Leaves out what came before a window that is impossible whatever was there before it.
    private mutating func narrow() {
        let calls = Set(intervals.map(\.call)).sorted(by: >)
        let whole = intervals
        isWindow = true
        var best: (depth: Int, step: Int)?
        var least = 0
        var depth = 1
        // First doubled, then halved: most conflicts are short.
        while best == nil, least < calls.count {
            let tried = min(depth, calls.count)
            if let step = conflict(in: window(whole, from: calls[tried - 1])) {
                best = (tried, step)
            } else {
                (least, depth) = (tried, depth * 2)
            }
        }
        guard var found = best else {
            isWindow = false
            return
        }
        while found.depth - least > 1 {
            let middle = (least + found.depth) / 2
            if let step = conflict(in: window(whole, from: calls[middle - 1])) {
                found = (middle, step)
            } else {
                least = middle
            }
        }
        intervals = window(whole, from: calls[found.depth - 1])
        cut(endingWith: found.step)
    }

    private func window(_ intervals: [TagInterval], from start: Int) -> [TagInterval] {
        intervals.compactMap { interval in
            if interval.call >= start { return interval }
            guard interval.end ?? Int.max >= start, !steps[interval.step].isRead else {
                return nil
            }
            var optional = interval
            optional.isOptional = true
            return optional
        }
    }

    /// Leaves out reads that are not needed, then changes of what nobody left looks at.
    private mutating func thin() {
        for interval in intervals where steps[interval.step].isRead { leaveOut(interval) }
        for interval in intervals where !steps[interval.step].isRead { leaveOut(interval) }
    }

    private mutating func leaveOut(_ interval: TagInterval) {
        let others = intervals.filter { $0.step != interval.step }
        let writes = steps[interval.step].writes
        let isLookedAt = others.contains { other in
            steps[other.step].reads.contains(where: writes.contains)
        }
        if !isLookedAt, conflict(in: others) != nil { intervals = others }
    }

    /// Says it in words.
    func sentence(_ repository: RepositoryName, _ operations: [TagOperation]) -> String {
        let slots = Set(intervals.flatMap { steps[$0.step].reads })
        let isRead = { (subject: Subject) in
            vocabulary.slot(subject).map { slots.contains($0) } ?? false
        }
        let words = intervals.sorted { ($0.call, $0.step) < ($1.call, $1.step) }.map { interval in
            let operation = operations[interval.step]
            let end = operation.end.map { "\($0)" } ?? "?"
            return "[\(operation.call)–\(end)] \(operation.request) \(operation.words(isRead))"
        }
        return "\(repository): no order explains "
            + (isWindow ? "these, whatever was there before: " : "these: ")
            + words.joined(separator: "; ")
    }
}
