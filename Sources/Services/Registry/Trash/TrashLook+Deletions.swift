// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension TrashLook {
    /// Deleted tags that are looked at, of which what is asked for may be a few; what lies before them stays in the
    /// trash's list, and comes back with the repository or by its name.
    private static let tagsLookedAtMax = 50 * Decision.eventsMax
    /// Entries that are looked at before a step of a repository's deletion, for its earlier steps.
    private static let entriesBeforeMax: UInt64 = 2000

    /// Tags that went with these manifests and were one of them: by the same entry, or by an earlier step of
    /// the same deletion of the repository, whose tags go first; and whether there are steps too far back.
    func tagsEnded(
        with manifests: [TrashedManifest]
    ) throws(TrashError) -> (tags: [(tag: Tag, digest: Digest)], isCut: Bool) {
        let digests = Set(manifests.map(\.facts.digest))
        var found: [(tag: Tag, digest: Digest)] = []
        // Everything of the repository from here on was looked at.
        var from = UInt64.max
        var looked = 0
        var isCut = false
        for position in Set(manifests.map(\.position)).sorted(by: >) where position < from {
            from = position
            var events = try events(at: position)
            found += try tags(ended: events, at: position, were: digests)
            guard ending(events) != nil else { continue }
            let last = position - min(position - 1, TrashLook.entriesBeforeMax)
            while from > 1 {
                events = try self.events(at: from - 1)
                looked += events.count {
                    if case .tagDeleted(row.key, _) = $0 { true } else { false }
                }
                guard ending(events) == .inPart || !events.contains(where: isChange) else { break }
                guard from > last, looked < TrashLook.tagsLookedAtMax else {
                    isCut = true
                    break
                }
                from -= 1
                found += try tags(ended: events, at: from, were: digests)
            }
        }
        return (found, isCut)
    }

    /// Whether an event changes what the repository shows.
    private func isChange(_ event: Event) -> Bool {
        if case .manifestPulled = event { return false }
        return event.repository == row.key
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

    /// What the newest deletion of the repository took and is not back: manifests of the trash, and tags;
    /// at most `RestorePlan.manifestsMax` of each.
    func deletedWithRepository() throws(TrashError) -> Deleted {
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
            guard taken.contains(manifest.position) else { return }
            deleted.add(manifest.facts.digest, to: \.manifests)
        }
        try eachDeletedTag { ended throws(TrashError) in
            guard taken.contains(ended.position), try tag(ended.tag) != ended.digest else { return }
            deleted.add(ended, to: \.tags)
        }
        return deleted
    }

    /// What a repository's deletion took.
    struct Deleted {
        var manifests: [Digest] = []
        var tags: [EndedTag] = []
        /// Whether there is more of it.
        var isCut = false

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

    private func ending(at position: UInt64) throws(TrashError) -> RepositoryEnding? {
        ending(try events(at: position))
    }

    private func ending(_ events: [Event]) -> RepositoryEnding? {
        for case .reasonGiven(let words) in events {
            if let ending = RepositoryEnding(rawValue: words) { return ending }
        }
        return nil
    }

    private func events(at position: UInt64) throws(TrashError) -> [Event] {
        let stored = try reading { () throws(CatalogError) in
            try view.entries(.region, from: position, limit: 1)
        }.first
        guard let stored, stored.position == position else { return [] }
        do throws(EntryError) {
            return try EntryCodec.decode(stored.bytes).entry.events
        } catch {
            throw .catalog(.damaged("entry \(position) cannot be read: \(error)"))
        }
    }
}
