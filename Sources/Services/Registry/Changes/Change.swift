// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import HTTP
public import Journal
public import OCI
public import Platform

/// Something a client wants of the names, as a value, so that any node can decide it.
public struct Change: Sendable {
    /// The id it keeps through every retry.
    public var id: Identifier
    /// An id for a namespace, should the change be the first to name one.
    public var namespaceID: Identifier
    /// The wall clock's milliseconds after which it must not be decided any more.
    public var deadline: UInt64
    /// Who wants it.
    public var actor: Identifier
    /// The repository it is about.
    public var repository: RepositoryName
    /// What is wanted.
    public var action: Action

    /// What can be wanted.
    public enum Action: Sendable {
        /// See a blob that a store has.
        case linkBlob(Receipt)
        /// See a blob that another repository sees; nil: any.
        case mountBlob(Digest, from: RepositoryName?)
        /// Have a manifest, and these tags for it, if the conditions on the one tag hold.
        case putManifest(ManifestFacts, Receipt, tags: [Tag], Preconditions?)
        /// Have these tags for a manifest that is there.
        case putTags([Tag], Digest)
        /// Have an image of another repository (its manifest `digest`, children, blobs) under a tag.
        case copyImage(from: RepositoryName, Digest, tag: Tag?)
        /// Not have a tag, if the conditions on it hold.
        case deleteTag(Tag, Preconditions? = nil)
        /// Not have a manifest, its tags, and what refers to it.
        case deleteManifest(Digest)
        /// Not see a blob.
        case deleteBlob(Digest)
        /// Not have anything in the repository; done in bounded steps.
        case deleteRepository
        /// Have the sweep epoch one higher, if it is still this; about no repository.
        case raiseEpoch(from: Generation)
        /// Not see those of these blobs whose links end by a time; at most `Decision.eventsMax`.
        case endLinks([Digest], by: UInt64)
        /// Not keep those of these manifests in the trash that it keeps until a time; as many.
        case emptyTrash([Digest], by: UInt64)
        /// Have what ends by a time ended; about no repository.
        case raiseHorizon(to: UInt64)
        /// Have these pulls noted; about no repository. At most `Decision.eventsMax`.
        case notePulls([Pull])
        /// Have manifests in the trash that a policy lets go, if they are as they were.
        case retire(Retirement)
        /// Have this policy for the repository's namespace; none when it is empty.
        case setRetentionPolicy(String)
        /// Have these manifests and tags back from the trash.
        case restore(Restoration)
        /// Not keep a manifest in the trash; `now`: nor see what it named, where that ends by itself.
        case purge(Digest, now: Bool, reason: String)
    }

    /// Makes a change.
    public init(
        id: Identifier,
        namespaceID: Identifier,
        deadline: UInt64,
        actor: Identifier,
        repository: RepositoryName,
        action: Action
    ) {
        self.id = id
        self.namespaceID = namespaceID
        self.deadline = deadline
        self.actor = actor
        self.repository = repository
        self.action = action
    }
}

/// Why a change is not made: a fact about the state it met, never an entry.
public enum Refusal: Error, Hashable, Sendable {
    /// The repository has no such manifest.
    case manifestUnknown(String)
    /// The repository sees no such blob.
    case blobUnknown(Digest)
    /// No entry ever named the repository.
    case nameUnknown(RepositoryName)
    /// What the manifest names is not in the repository; at most `Decision.namedMax` of them.
    case referencesUnknown([Digest])
    /// The tag is something else than the condition says; the digest it is, if any.
    case conditionFailed(Digest?)
    /// A manifest of the repository names it: delete that first.
    case stillNamed(Digest, by: Digest)
    /// The copy was stored under a generation that may not be named any more: upload again.
    case receiptTooOld(Digest)
    /// Decided too late to be sure that nothing newer is undone.
    case pastDeadline
    /// More than fits one entry; the sentence says what to do.
    case tooLarge(String)
    /// It was pushed, tagged, pulled, or named since that was planned which would end it.
    case changedSince(Digest)
    /// The policy by which it would end is not that of the repository's namespace any more.
    case policyChanged
    /// The trash of the repository has no such manifest, or never was such a tag.
    case notInTrash(String)
    /// The tag that is to come back is this manifest now; nil: no more what it was seen to be.
    case tagTaken(Tag, Digest?)
    /// What is to come back names these, of which nothing is left; at most `Decision.namedMax` of them.
    case contentGone([Digest])
    /// Somebody was told that the content exists, and may count on it until then, in milliseconds since
    /// 1970.
    case promised(until: UInt64)
}

/// What deciding a change came to.
public struct Decision: Hashable, Sendable {
    /// Outcomes to apply; none when everything wanted is so already.
    public var events: [Event] = []
    /// Whether the same change must be submitted again to be complete: it is larger than an entry.
    public var isPartial = false

    /// Events of one decision: with the longest names and digests they fill less than 1 MiB.
    public static let eventsMax = 2000
    /// What the manifests name that one step of a repository's deletion ends, one manifest excepted: others
    /// wait for its commit.
    public static let referencesMax = 4000
    /// Indexes of indexes that a copy follows.
    public static let copyDepthMax = 8
    /// Digests a refusal lists.
    public static let namedMax = 20
}
