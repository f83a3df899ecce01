// SPDX-License-Identifier: Apache-2.0

import OCI
import Simulation

/// Short words for histories made by hand: one repository, a few tags, digests that are numbers.
struct HandMade {
    let repository: RepositoryName
    let tags: [Tag]

    init() throws {
        guard let repository = RepositoryName("team/app") else { throw Unspellable() }
        self.repository = repository
        tags = ["v1", "v2", "v3"].compactMap { Tag($0) }
    }

    private struct Unspellable: Error {}

    /// A digest of 32 equal bytes; nil for 0.
    static func digest(_ number: UInt8) -> Digest? {
        number == 0 ? nil : Digest(.sha256, Array(repeating: number, count: 32))
    }

    private func manifest(_ number: UInt8) -> Subject? {
        HandMade.digest(number).map { .manifest(repository, $0) }
    }

    // MARK: - Effects

    /// A manifest under tags, which are numbered from 0.
    func put(_ number: UInt8, _ tags: Int..., demand: Demand? = nil) -> [Effect] {
        put(number, under: tags, demand: demand)
    }

    func put(_ number: UInt8, under tags: [Int], demand: Demand? = nil) -> [Effect] {
        let digest = HandMade.digest(number)
        let pointed = tags.map {
            Effect(.tag(repository, self.tags[$0]), digest, demand: demand)
        }
        return (manifest(number).map { [Effect($0, digest)] } ?? []) + pointed
    }

    func delete(tag: Int) -> [Effect] {
        [Effect(.tag(repository, tags[tag]), nil, demand: .present)]
    }

    /// A manifest, the tags that point to it, and perhaps one that refers to it.
    func delete(manifest number: UInt8, perhaps referrer: UInt8 = 0) -> [Effect] {
        let certain = manifest(number).map { [Effect($0, nil, demand: .present)] } ?? []
        let pointed = tags.map {
            Effect(.tag(repository, $0), nil, onlyIf: HandMade.digest(number))
        }
        let possible = manifest(referrer).map { [Effect($0, nil, force: .possible)] } ?? []
        return certain + pointed + possible
    }

    // MARK: - Operations

    func did(
        _ call: Int,
        _ end: Int?,
        _ effects: [Effect],
        _ outcome: Outcome = .done
    ) -> TagOperation {
        TagOperation("change", call, end, .change(effects), outcome)
    }

    func saw(_ call: Int, _ end: Int, _ tag: Int, _ number: UInt8) -> TagOperation {
        TagOperation("read", call, end, .shows(tags[tag], HandMade.digest(number)))
    }

    func has(_ call: Int, _ end: Int, _ number: UInt8, _ isThere: Bool) -> TagOperation? {
        HandMade.digest(number).map { TagOperation("read", call, end, .has($0, isThere)) }
    }

    func listed(
        _ call: Int,
        _ end: Int,
        _ tags: [Int],
        after last: String = "",
        limit: Int = 10,
        hasMore: Bool = false
    ) -> TagOperation {
        let names = tags.map { self.tags[$0] }
        let page = TagPage(after: last, limit: limit, names, hasMore: hasMore)
        return TagOperation("list", call, end, .lists(page))
    }

    func verdict(_ operations: [TagOperation?]) -> LinearizabilityChecker.Verdict {
        LinearizabilityChecker().check(TagHistory(repository, operations.compactMap { $0 }))
    }
}

extension LinearizabilityChecker.Verdict {
    /// Why there is no order; nil when there may be one.
    var conflict: String? {
        if case .impossible(let sentence) = self { return sentence }
        return nil
    }
}
