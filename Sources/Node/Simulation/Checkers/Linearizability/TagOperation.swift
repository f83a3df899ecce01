// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What clients asked of one repository's tags and manifests, and what they were told: the history
/// that `LinearizabilityChecker` judges as a whole.
public struct TagHistory: Sendable {
    /// Whose.
    public var repository: RepositoryName
    /// All of it, in any order.
    public var operations: [TagOperation]

    /// Makes a history.
    public init(_ repository: RepositoryName, _ operations: [TagOperation] = []) {
        self.repository = repository
        self.operations = operations
    }
}

/// One request about tags and manifests, between two ticks of one clock.
public struct TagOperation: Hashable, Sendable {
    /// What was asked, or what was seen.
    public enum Action: Hashable, Sendable {
        /// Effects on tags and manifests, all at one moment and none unless all they demand is so.
        case change([Effect])
        /// A tag resolves to that digest; nil when it is absent.
        case shows(Tag, Digest?)
        /// A manifest is there, or is not.
        case has(Digest, Bool)
        /// A page of the list of tags.
        case lists(TagPage)
    }

    /// The request, for whoever reads what was found.
    public var request: String
    /// When it was sent.
    public var call: Int
    /// When its outcome was known; nil when it never was, so that it may still happen.
    public var end: Int?
    /// What was asked or seen.
    public var action: Action
    /// What became of it; reads that say nothing are not part of a history.
    public var outcome: Outcome

    /// Describes an operation.
    public init(
        _ request: String,
        _ call: Int,
        _ end: Int?,
        _ action: Action,
        _ outcome: Outcome = .done
    ) {
        self.request = request
        self.call = call
        self.end = end
        self.action = action
        self.outcome = outcome
    }
}

/// A page of the list of tags: the first `limit` names after `last`, as they were at one moment.
public struct TagPage: Hashable, Sendable {
    /// What the names come after, in byte order; empty for the first page.
    public var last: String
    /// How many were asked for.
    public var limit: Int
    /// The names, in order.
    public var names: [Tag]
    /// Whether the answer said that more follow.
    public var hasMore: Bool

    /// Describes a page.
    public init(after last: String, limit: Int, _ names: [Tag], hasMore: Bool) {
        self.last = last
        self.limit = limit
        self.names = names
        self.hasMore = hasMore
    }
}
