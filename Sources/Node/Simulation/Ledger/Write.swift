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
    }

    /// To what.
    public var subject: Subject
    /// The value it sets; nil removes.
    public var value: Digest?
    /// A removal that concerns one value only: a tag goes with the manifest it points to.
    public var onlyIf: Digest?
    /// How much of it the answer decides.
    public var force: Force

    /// Describes an effect.
    public init(
        _ subject: Subject,
        _ value: Digest?,
        onlyIf: Digest? = nil,
        force: Force = .certain
    ) {
        self.subject = subject
        self.value = value
        self.onlyIf = onlyIf
        self.force = force
    }
}

/// What became of a request, as its client knows it.
public enum Outcome: Hashable, Sendable {
    /// Acknowledged: it must have happened.
    case done
    /// Refused: it must not have happened.
    case refused
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
