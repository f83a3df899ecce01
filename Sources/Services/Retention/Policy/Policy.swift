// SPDX-License-Identifier: Apache-2.0

/// What a namespace keeps of its images, and what it lets go.
///
/// An image goes when each of its tags, or, without one, the image itself, is let go by some rule and
/// no rule that selects it keeps it. What no rule selects stays.
public struct Policy: Hashable, Sendable {
    /// The rules; none keep everything.
    public var rules: [Rule]

    /// The most rules of one policy.
    public static let rulesMax = 50
    /// The longest policy in bytes, as a client sends it.
    public static let sizeMax = 64 << 10

    /// Makes a policy.
    public init(rules: [Rule]) {
        self.rules = rules
    }

    /// The rules for a repository, by its path within the namespace, with their numbers from 1.
    func rules(for path: String) -> [(number: Int, rule: Rule)] {
        rules.enumerated()
            .filter { $0.element.selects(repository: path) }
            .map { ($0.offset + 1, $0.element) }
    }
}

/// One rule of a policy: which images it is about, and what it says of them.
public struct Rule: Hashable, Sendable {
    /// What an age or an order is measured by.
    public enum Clock: String, Hashable, Sendable {
        /// When the image was pushed, or given a tag, the last time.
        case push
        /// The day on which it was pulled the last time; of one that never was, the push.
        case pull
    }

    /// What a rule says.
    public enum Action: Hashable, Sendable {
        /// The newest so many of those selected in each repository stay, the others go.
        case keepNewest(Int, by: Clock)
        /// Those younger than so many days stay.
        case keepDays(Int, since: Clock)
        /// Those of so many days and more go.
        case removeDays(Int, since: Clock)
        /// Those whose last tag went so many days ago, and earlier, go.
        case untaggedDays(Int)
    }

    /// What the operator calls it, for the reasons of what it removes.
    public var name: String?
    /// Repositories, by their path within the namespace; empty: all of them.
    public var repositories: [Pattern]
    /// Tags; empty: images with any tags, and without one.
    public var tags: [Pattern]
    /// What it says of them.
    public var action: Action

    /// The longest name in bytes.
    public static let nameMax = 64
    /// The most patterns of one kind.
    public static let patternsMax = 20
    /// How many images may be kept.
    public static let newestRange = 1...1_000_000
    /// Days of an age: up to ten years.
    public static let daysRange = 1...3650
    /// Days without a tag; 0 is at the next run.
    public static let untaggedRange = 0...3650

    /// Makes a rule.
    public init(
        name: String? = nil,
        repositories: [Pattern] = [],
        tags: [Pattern] = [],
        action: Action
    ) {
        self.name = name
        self.repositories = repositories
        self.tags = tags
        self.action = action
    }

    /// Whether it is about a repository.
    func selects(repository path: String) -> Bool {
        repositories.isEmpty || repositories.contains { $0.matches(path) }
    }

    /// Whether it is about a tag; nil stands for an image without one.
    func selects(tag: String?) -> Bool {
        guard let tag else { return tags.isEmpty }
        if case .untaggedDays = action { return false }
        return tags.isEmpty || tags.contains { $0.matches(tag) }
    }
}
