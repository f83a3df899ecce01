// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a run found wrong, and how often what happened in it.
public final class Findings: Sendable {
    /// The most violations kept: the first ones tell the story.
    public static let violationsMax = 20

    private struct State {
        var violations: [Violation] = []
        var counts: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let trace: Trace

    /// Makes an empty collection whose entries are also noted in `trace`.
    public init(trace: Trace) {
        self.trace = trace
    }

    /// Notes a violation.
    public func report(_ violation: Violation) {
        trace.note("VIOLATION \(violation)")
        state.withLock { state in
            if state.violations.count < Findings.violationsMax {
                state.violations.append(violation)
            }
        }
    }

    /// Notes a violation unless `holds`.
    public func require(
        _ holds: Bool,
        _ invariant: Invariant,
        _ sentence: @autoclosure () -> String
    ) {
        if !holds { report(Violation(invariant, sentence())) }
    }

    /// Counts that something happened.
    public func count(_ what: String, by number: Int = 1) {
        state.withLock { $0.counts[what, default: 0] += number }
    }

    /// What was found wrong, in order.
    public var violations: [Violation] { state.withLock { $0.violations } }

    /// How often what happened.
    public var counts: [String: Int] { state.withLock { $0.counts } }
}
