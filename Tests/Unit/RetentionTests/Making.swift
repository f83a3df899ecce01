// SPDX-License-Identifier: Apache-2.0

import OCI

@testable import Retention

/// A noon, and moments and days around it.
enum Noon {
    static let day: UInt32 = 20_000
    static let now = UInt64(day) * 86_400_000 + 43_200_000

    static func ago(days: Int, hours: Int = 0) -> UInt64 {
        now - UInt64(days) * 86_400_000 - UInt64(hours) * 3_600_000
    }
}

/// A digest that a small number stands for; their order is that of the numbers.
func digest(_ number: Int) -> Digest {
    let bytes = (0..<32).map { UInt8(truncatingIfNeeded: $0 < 2 ? number >> (8 - 8 * $0) : 0) }
    guard let digest = Digest(.sha256, bytes) else { fatalError("32 bytes are a sha256") }
    return digest
}

func tag(_ text: String) -> Tag {
    guard let tag = Tag(text) else { fatalError("'\(text)' is no tag") }
    return tag
}

extension Stock {
    /// A manifest pushed so many days ago.
    static func made(
        _ number: Int,
        _ tags: [String] = [],
        pushed days: Int = 1,
        untagged: Int? = nil,
        pulled: Int? = nil,
        children: [Int] = [],
        subject: Int? = nil
    ) -> Stock {
        Stock(
            digest: digestOf(number),
            mediaType: "application/vnd.oci.image.manifest.v1+json",
            tags: tags.map(tag),
            pushed: Noon.ago(days: days),
            untaggedSince: untagged.map { Noon.ago(days: $0) } ?? 0,
            pulledDay: pulled.map { Noon.day - UInt32($0) },
            size: UInt64(number),
            children: children.map(digestOf),
            subject: subject.map(digestOf)
        )
    }

    private static func digestOf(_ number: Int) -> Digest { RetentionTests.digest(number) }
}

extension Planner {
    /// A planner at noon for rules of all repositories.
    static func noon(_ rules: Rule..., locked: [Int] = []) -> Planner {
        Planner(policy: Policy(rules: rules), now: Noon.now, locked: Set(locked.map(digest)))
    }
}

extension Plan {
    /// The manifests that go, in order of digest.
    var gone: [Digest] { removed.flatMap { $0.members.map(\.digest) }.sorted() }
}

extension Rule {
    static func newest(_ count: Int, by clock: Clock = .push, tags: String...) -> Rule {
        Rule(tags: tags.compactMap { Pattern($0) }, action: .keepNewest(count, by: clock))
    }

    static func keep(_ days: Int, since clock: Clock = .push, tags: String...) -> Rule {
        Rule(tags: tags.compactMap { Pattern($0) }, action: .keepDays(days, since: clock))
    }

    static func remove(_ days: Int, since clock: Clock = .push, tags: String...) -> Rule {
        Rule(tags: tags.compactMap { Pattern($0) }, action: .removeDays(days, since: clock))
    }

    static func untagged(_ days: Int) -> Rule {
        Rule(action: .untaggedDays(days))
    }
}
