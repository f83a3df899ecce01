// SPDX-License-Identifier: Apache-2.0

/// Judges the whole history of a repository's tags and manifests: there must be one order of all
/// operations, each at a moment between its call and its end, in which everybody was told the truth.
///
/// Pure, and bounded: a history that needs more steps than allowed is `undecided`, which is no pass.
public struct LinearizabilityChecker: Sendable {
    /// The most maps that one search makes, where nothing else is said: a few seconds' work.
    public static let stepsMax = 6_400_000

    /// What a history is.
    public enum Verdict: Hashable, Sendable {
        /// Some order explains it.
        case explained
        /// None does; the sentence names the fewest operations found that cannot be ordered.
        case impossible(String)
        /// The bound was met before either was found.
        case undecided
    }

    private let stepsMax: Int

    /// Makes a checker with a bound of its own.
    public init(stepsMax: Int = LinearizabilityChecker.stepsMax) {
        self.stepsMax = stepsMax
    }

    /// Judges a history that began with nothing there.
    public func check(_ history: TagHistory) -> Verdict {
        guard let vocabulary = TagVocabulary(history) else { return .undecided }
        var operations: [TagOperation] = []
        var steps: [TagStep] = []
        var intervals: [TagInterval] = []
        for operation in history.operations {
            guard let step = TagStep(operation, vocabulary) else { continue }
            let isOptional = operation.outcome == .unknown || operation.end == nil
            // What may not have been seen says nothing.
            if isOptional, step.isRead { continue }
            intervals.append(
                TagInterval(
                    step: steps.count,
                    call: operation.call,
                    end: operation.end,
                    isOptional: isOptional
                )
            )
            steps.append(step)
            operations.append(operation)
        }
        var search = LinearizabilitySearch(steps, stepsMax: stepsMax)
        switch search.run(intervals, from: vocabulary.map(filledWith: TagMap.absent)) {
        case .explained: return .explained
        case .undecided: return .undecided
        case .impossible(let step):
            var conflict = LinearizabilityConflict(steps, intervals, vocabulary)
            conflict.shorten(endingWith: step)
            return .impossible(conflict.sentence(history.repository, operations))
        }
    }
}

extension Findings {
    /// Judges each history as a whole (I5), and counts those that were not decided.
    public func judge(
        _ histories: [TagHistory],
        by checker: LinearizabilityChecker = LinearizabilityChecker()
    ) {
        for history in histories {
            count("history checked")
            count("history operation", by: history.operations.count)
            switch checker.check(history) {
            case .explained: break
            case .impossible(let sentence): report(Violation(.readYourWrites, sentence))
            case .undecided: count("history undecided")
            }
        }
    }
}
