// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What retention does with one repository, and why.
public struct Plan: Sendable {
    /// Images that stay, in the order of the planner.
    public var kept: [Kept] = []
    /// Images that go, in the order in which they must: what two of them share goes with the later one.
    public var removed: [Removal] = []

    /// An image: a manifest that follows no other, and what follows it.
    public struct Image: Hashable, Sendable {
        /// The manifest's digest.
        public var digest: Digest
        /// Its media type.
        public var mediaType: String
        /// The tags that somebody chose for it.
        public var tags: [Tag]
        /// When it was pushed or tagged, in ms since 1970.
        public var pushed: UInt64
        /// The last day that it, or what follows it, was pulled.
        public var pulledDay: UInt32?
        /// Bytes of it and of its members, and of the blobs these name; what several name counts with each.
        public var bytes: UInt64
        /// How many manifests it has, itself included; one that two images have is counted with one.
        public var manifests: Int
    }

    /// An image that stays.
    public struct Kept: Hashable, Sendable {
        /// Which.
        public var image: Image
        /// Why.
        public var standing: Standing
    }

    /// An image that goes.
    public struct Removal: Hashable, Sendable {
        /// Which.
        public var image: Image
        /// Why; one at least.
        public var grounds: [Ground]
        /// The manifests that go, as they were when this was planned; who names comes before who is named.
        public var members: [Stock]
        /// Tags that spell a member's name and point to a manifest that stays.
        public var looseTags: [Tag]
        /// What follows a member, and stays.
        public var bystanders: [Digest]

        /// Why, with the numbers.
        public var reason: String {
            let shown = grounds.prefix(Removal.groundsShown).map(\.sentence)
            let others = grounds.count - shown.count
            return shown.joined(separator: "; ") + (others > 0 ? "; and \(others) more" : "")
        }

        /// With the longest names three grounds stay below the 512 bytes of an entry's reason.
        private static let groundsShown = 3
    }

    /// Bytes of all that goes.
    public var bytes: UInt64 { removed.reduce(0) { $0 + $1.image.bytes } }
}

/// What a rule found of an image.
public struct Ground: Hashable, Sendable {
    /// The rule's number in its policy, from 1.
    public var rule: Int
    /// What the operator calls it.
    public var name: String?
    /// What was found.
    public var finding: Finding

    /// What was compared with what.
    public enum Finding: Hashable, Sendable {
        /// The place among those selected, from 1, of how many, and how many stay.
        case place(Int, of: Int, by: Rule.Clock, limit: Int)
        /// Whole days since, and how many the rule says.
        case age(Int, since: Rule.Clock, limit: Int)
        /// Whole days without a tag, and how many the rule says.
        case untagged(Int, limit: Int)
    }

    /// The rule and the numbers.
    public var sentence: String {
        let title = name.map { "rule \(rule) (\($0))" } ?? "rule \(rule)"
        switch finding {
        case .place(let place, let count, let clock, let limit):
            return "\(title): number \(place) of \(count) by \(clock), the newest \(limit) stay"
        case .age(let days, let clock, let limit):
            let what = clock == .push ? "pushed" : "pulled"
            return "\(title): \(what) \(days) days ago, the limit is \(limit)"
        case .untagged(let days, let limit):
            return "\(title): without a tag for \(days) days, the limit is \(limit)"
        }
    }
}

/// Why an image stays.
public enum Standing: Hashable, Sendable {
    /// A rule keeps it.
    case rule(Ground)
    /// No rule lets go of it, or of this tag.
    case noRule(Tag?)
    /// It, or what follows it, was pulled on the day of the decision.
    case pulledToday
    /// It, or what follows it, is locked.
    case locked
    /// It has no tag and came less than a day ago: whoever pushes it may not have ended.
    case unfinished
    /// What follows it has a tag of its own, and leads it in turn.
    case circle
    /// One of its manifests has more tags than an entry has events.
    case tooManyTags(Digest)

    /// Why, with the numbers.
    public var sentence: String {
        switch self {
        case .rule(let ground): ground.sentence
        case .noRule(nil): "no rule lets it go"
        case .noRule(let tag?): "no rule lets go of the tag '\(tag)'"
        case .pulledToday: "pulled today"
        case .locked: "locked"
        case .unfinished: "no tag yet, and pushed less than a day ago"
        case .circle: "it and a tagged manifest each name the other"
        case .tooManyTags(let digest):
            "\(digest) has more tags than one entry can end; delete some of them first"
        }
    }
}
