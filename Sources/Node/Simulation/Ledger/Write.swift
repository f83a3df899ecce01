// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What a request means to do to one subject.
public struct Effect: Hashable, Sendable {
    /// How much of it the answer decides.
    public enum Force: Hashable, Sendable {
        /// It happens if the request is acknowledged.
        case certain
        /// It may happen or not even then (what a deletion takes along).
        case possible
        /// The same, of what has had its time: never within what a client was promised.
        case due
    }

    /// To what.
    public var subject: Subject
    /// The value it sets; nil removes.
    public var value: Digest?
    /// A removal that concerns one value only: a tag goes with the manifest it points to.
    public var onlyIf: Digest?
    /// How much of it the answer decides.
    public var force: Force
    /// What the whole request demands of the subject; nil for nothing.
    public var demand: Demand?

    /// Describes an effect.
    public init(
        _ subject: Subject,
        _ value: Digest?,
        onlyIf: Digest? = nil,
        force: Force = .certain,
        demand: Demand? = nil
    ) {
        self.subject = subject
        self.value = value
        self.onlyIf = onlyIf
        self.force = force
        self.demand = demand
    }
}

/// What must be so of a subject, or a request does nothing; that it already has the value the request
/// would give it is as good.
public enum Demand: Hashable, Sendable {
    /// It is absent.
    case absent
    /// It is there.
    case present
    /// It has that value.
    case value(Digest)
}

/// What became of a request, as its client knows it.
public enum Outcome: Hashable, Sendable {
    /// Acknowledged: it must have happened.
    case done
    /// Refused: it must not have happened.
    case refused
    /// Refused because what it demands was not so: it must not have happened.
    case unmet
    /// Nobody said: it may have happened until now, but not later.
    case unknown
}

/// One effect of one request in the ledger, between two ticks of the ledger's clock.
struct Write: Hashable, Sendable {
    var effect: Effect
    var request: String
    var begun: Int
    /// Nil while the request is under way.
    var ended: Int?
    var isCertain: Bool

    /// Whether this write, once done, leaves no trace of `value`.
    func overwrites(_ value: Digest?) -> Bool {
        guard isCertain, effect.value != value else { return false }
        return effect.onlyIf == nil || effect.onlyIf == value
    }
}
