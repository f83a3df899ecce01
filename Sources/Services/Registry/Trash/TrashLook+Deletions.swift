// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension TrashLook {
    /// Deleted tags that are looked at, of which what is asked for may be a few; what lies behind them stays in the
    /// trash's list, and comes back by its name.
    private static let tagsLookedAtMax = 50 * Decision.eventsMax
    /// Entries that are looked at for whether they are steps of a deletion.
    private static let entriesLookedAtMax = 2000

    /// Tags that went with these manifests and were one of them: by the same entry, or by another step of the
    /// same deletion; and whether there is more than is looked at.
    ///
    /// `live` is one that is there again, whose tags may not all be back.
    func tagsEnded(
        with manifests: [TrashedManifest],
        live: Digest?
    ) throws(TrashError) -> (tags: [(tag: Tag, digest: Digest)], isCut: Bool) {
        var deleted: [Digest: UInt64] = [:]
        for manifest in manifests { deleted[manifest.facts.digest] = manifest.position }
        let (steps, isCut) = try otherSteps(of: deleted, live)
        var digests = Set(deleted.keys)
        if let live { digests.insert(live) }
        var found: [(tag: Tag, digest: Digest)] = []
        for position in steps.union(deleted.values).sorted(by: >) {
            let events = try events(at: position)
            found += try tags(ended: events, at: position, were: digests)
        }
        return (found, isCut)
    }

    /// An entry that ended a tag, and what the tag was.
    private struct Ending: Hashable {
        var position: UInt64
        var digest: Digest
    }

    /// Positions that ended tags of manifests with these, which ended at others; found by the tags that are
    /// not back.
    private func otherSteps(
        of deleted: [Digest: UInt64],
        _ live: Digest?
    ) throws(TrashError) -> (positions: Set<UInt64>, isCut: Bool) {
        var (positions, isCut): (Set<UInt64>, Bool) = ([], false)
        var known: Set<Ending> = []
        var (looked, last) = (0, "")
        while looked < TrashLook.tagsLookedAtMax {
            let page = try reading { () throws(CatalogError) in
                try view.deletedTags(row.number, since: since, after: last, limit: TrashLook.page)
            }
            for tag in page {
                guard let ending = try ending(of: tag),
                    ending.digest == live || deleted[ending.digest] != nil,
                    ending.position != deleted[ending.digest], known.insert(ending).inserted
                else { continue }
                guard known.count <= TrashLook.entriesLookedAtMax else { return (positions, true) }
                let (position, digest) = (ending.position, ending.digest)
                switch try went(at: position, with: digest, deletedAt: deleted[digest]) {
                case .together: positions.insert(position)
                case .tooFar: isCut = true
                case .apart: break
                }
            }
            guard page.count == TrashLook.page, let end = page.last else {
                return (positions, isCut)
            }
            looked += page.count
            last = end.description
        }
        // Where nothing hints at other steps, there were hardly any.
        if isCut || !positions.isEmpty { return (positions, true) }
        return (positions, try hasEnding(deleted.values))
    }

    private func hasEnding(_ positions: some Sequence<UInt64>) throws(TrashError) -> Bool {
        for position in Set(positions) where try ending(at: position) != nil { return true }
        return false
    }

    /// How a tag that was deleted ended.
    private func ending(of tag: Tag) throws(TrashError) -> Ending? {
        let values = try reading { () throws(CatalogError) in
            try view.history(row.number, tag, limit: 2)
        }
        guard values.count == 2, values[0].digest == nil, let digest = values[1].digest else {
            return nil
        }
        return Ending(position: values[0].position, digest: digest)
    }

    private func tags(
        ended events: [Event],
        at position: UInt64,
        were digests: Set<Digest>
    ) throws(TrashError) -> [(tag: Tag, digest: Digest)] {
        var found: [(tag: Tag, digest: Digest)] = []
        for (ordinal, event) in events.enumerated() {
            guard case .tagDeleted(row.key, let tag) = event else { continue }
            let before = try reading { () throws(CatalogError) in
                try view.history(row.number, tag, before: (position, UInt64(ordinal)), limit: 1)
            }.first?.digest
            if let before, digests.contains(before) { found.append((tag, before)) }
        }
        return found
    }

    /// What the newest deletion of the repository took and can come back: manifests of the trash, and tags, at
    /// most `RestorePlan.manifestsMax` of each; `left` are manifests that cannot.
    func deletedWithRepository(besides left: Set<Digest>) throws(TrashError) -> Deleted {
        var positions: Set<UInt64> = []
        try eachManifest { positions.insert($0.position) }
        try eachDeletedTag { positions.insert($0.position) }
        // The steps of one deletion, from its last one down to the end of the one before it.
        var taken: Set<UInt64> = []
        for position in positions.sorted(by: >) {
            guard let ending = try ending(at: position) else { continue }
            if !taken.isEmpty, ending == .whole { break }
            taken.insert(position)
        }
        var deleted = Deleted()
        try eachManifest { manifest throws(TrashError) in
            let digest = manifest.facts.digest
            guard taken.contains(manifest.position), !left.contains(digest) else { return }
            deleted.add(digest, to: \.manifests)
        }
        try eachDeletedTag { ended throws(TrashError) in
            guard taken.contains(ended.position) else { return }
            if let current = try tag(ended.tag) {
                guard current != ended.digest, deleted.staying.count < RestorePlan.manifestsMax
                else { return }
                deleted.staying.append(Restored.TakenTag(tag: ended.tag, current: current))
                return
            }
            if try !isLive(ended.digest) {
                guard let position = try trashed(ended.digest)?.position,
                    taken.contains(position), !left.contains(ended.digest)
                else { return }
            }
            deleted.add(ended, to: \.tags)
        }
        return deleted
    }

    /// What a repository's deletion took.
    struct Deleted {
        var manifests: [Digest] = []
        var tags: [EndedTag] = []
        /// Tags that are something else now.
        var staying: [Restored.TakenTag] = []
        /// Whether there is more of it.
        var isCut = false

        /// Whether there is nothing of it.
        var isEmpty: Bool { manifests.isEmpty && tags.isEmpty && staying.isEmpty }

        fileprivate mutating func add<Item>(
            _ item: Item,
            to list: WritableKeyPath<Deleted, [Item]>
        ) {
            if self[keyPath: list].count < RestorePlan.manifestsMax {
                self[keyPath: list].append(item)
            } else {
                isCut = true
            }
        }
    }

    private func eachManifest(
        _ body: (TrashedManifest) throws(TrashError) -> Void
    ) throws(TrashError) {
        var last: Digest?
        while true {
            let page = try reading { () throws(CatalogError) in
                try view.trash(row.number, after: last, limit: TrashLook.page)
            }
            for manifest in page { try body(manifest) }
            last = page.last?.facts.digest
            if page.count < TrashLook.page { return }
        }
    }

    private func eachDeletedTag(
        _ body: (EndedTag) throws(TrashError) -> Void
    ) throws(TrashError) {
        var last: EndedTag?
        while true {
            let page = try reading { () throws(CatalogError) in
                try view.endedTags(
                    row.number,
                    after: last.map { ($0.tag.description, $0.position, $0.ordinal) },
                    limit: TrashLook.page
                )
            }
            for ended in page where ended.isDeleted && ended.stamp.milliseconds >= since {
                try body(ended)
            }
            last = page.last
            if page.count < TrashLook.page { return }
        }
    }
}
