// SPDX-License-Identifier: Apache-2.0

import OCI

/// What a repository has at one moment, as a number for each tag and each manifest.
///
/// Small and hashable, since a search keeps thousands. First the tags in byte order, then the
/// manifests; a manifest that is there has the number of its own digest.
struct TagMap: Hashable {
    /// Nothing is there.
    static let absent: UInt16 = 0
    /// Nobody knows what is there: every read fits, and makes it known.
    static let anything: UInt16 = 1
    /// The number of the first digest.
    static let firstDigest: UInt16 = 2

    var values: [UInt16]
}

/// The tags and digests of a history, numbered.
struct TagVocabulary {
    /// The most digests that can be numbered.
    static let digestsMax = Int(UInt16.max - TagMap.firstDigest)

    let tags: [Tag]
    let digests: [Digest]
    private let tagSlots: [Tag: Int]
    private let digestNumbers: [Digest: UInt16]

    /// Numbers what a history speaks of; nil when there is more than has numbers.
    init?(_ history: TagHistory) {
        var tags: Set<Tag> = []
        var digests: Set<Digest> = []
        for operation in history.operations {
            switch operation.action {
            case .shows(let tag, let digest):
                tags.insert(tag)
                if let digest { digests.insert(digest) }
            case .has(let digest, _): digests.insert(digest)
            case .lists(let page): tags.formUnion(page.names)
            case .change(let effects):
                for effect in effects {
                    switch effect.subject {
                    case .tag(_, let tag): tags.insert(tag)
                    case .manifest(_, let digest): digests.insert(digest)
                    case .blob: continue
                    }
                    digests.formUnion([effect.value, effect.onlyIf].compactMap { $0 })
                    if case .value(let digest) = effect.demand { digests.insert(digest) }
                }
            }
        }
        guard digests.count <= TagVocabulary.digestsMax else { return nil }
        self.tags = tags.sorted()
        self.digests = digests.sorted()
        tagSlots = Dictionary(
            uniqueKeysWithValues: zip(self.tags, 0...)
        )
        digestNumbers = Dictionary(
            uniqueKeysWithValues: zip(self.digests, TagMap.firstDigest...)
        )
    }

    /// How many numbers a map has.
    var slotsCount: Int { tags.count + digests.count }

    /// A map in which every tag and manifest has that number.
    func map(filledWith value: UInt16) -> TagMap {
        TagMap(values: Array(repeating: value, count: slotsCount))
    }

    func slot(_ tag: Tag) -> Int { tagSlots[tag] ?? 0 }

    func slot(_ digest: Digest) -> Int {
        tags.count + Int(number(digest) - TagMap.firstDigest)
    }

    func slot(_ subject: Subject) -> Int? {
        switch subject {
        case .tag(_, let tag): slot(tag)
        case .manifest(_, let digest): slot(digest)
        case .blob: nil
        }
    }

    func number(_ digest: Digest?) -> UInt16 {
        digest.flatMap { digestNumbers[$0] } ?? TagMap.absent
    }
}
