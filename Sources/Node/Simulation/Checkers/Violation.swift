// SPDX-License-Identifier: Apache-2.0

/// The promises a simulation checks, numbered as in the architecture.
public enum Invariant: String, Sendable, CaseIterable {
    /// I1: an acknowledged write survives.
    case durable = "I1 durable"
    /// I2: what an entry names is there.
    case noDangling = "I2 no dangling"
    /// I3: bytes served for a digest hash to it.
    case exactBytes = "I3 exact bytes"
    /// I4: one journal, one catalog.
    case sameHistory = "I4 same history"
    /// I5: an acknowledged change is seen by every later read.
    case readYourWrites = "I5 read your writes"
    /// I7: what nothing names is gone, and nothing else.
    case safeSweep = "I7 safe sweep"
    /// I9: a repository shows nothing it was not given.
    case noLeak = "I9 no leak"
    /// I10: an answer, always, and never a stall.
    case bounded = "I10 bounded"
    /// I11: no two entries share a position, and none is forgotten.
    case onePast = "I11 one past"
    /// An answer the specification allows.
    case answers = "answers"
    /// Once the faults end, everything works again.
    case converges = "liveness"
}

/// One promise that was not kept.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which.
    public var invariant: Invariant
    /// What was seen, in a sentence.
    public var sentence: String

    /// Describes a violation.
    public init(_ invariant: Invariant, _ sentence: String) {
        self.invariant = invariant
        self.sentence = sentence
    }

    /// `I1 durable: …`.
    public var description: String { "\(invariant.rawValue): \(sentence)" }
}
