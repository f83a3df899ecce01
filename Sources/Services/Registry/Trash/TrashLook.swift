// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

/// Why the trash does not give what was asked.
enum TrashError: Error {
    case refused(Refusal)
    case catalog(CatalogError)
}

/// What can be asked of one repository's trash at one position.
struct TrashLook {
    /// Values of a tag that are looked at for one that differs.
    private static let valuesMax = 10_000
    private static let page = 500

    let view: CatalogView
    let row: RepositoryRow
    /// Tags that ended before this, in milliseconds since 1970, are not given back.
    let since: UInt64
    /// Content that has no sound length in the store.
    var lost: Set<Digest> = []

    func trashed(_ digest: Digest) throws(TrashError) -> TrashedManifest? {
        try reading { () throws(CatalogError) in try view.trashed(row.number, digest) }
    }

    func isLive(_ digest: Digest) throws(TrashError) -> Bool {
        try reading { () throws(CatalogError) in try view.manifestContent(row.number, digest) }
            != nil
    }

    func hasContent(_ digest: Digest) throws(TrashError) -> Bool {
        guard !lost.contains(digest) else { return false }
        return try reading { () throws(CatalogError) in try view.content(digest) } != nil
    }

    func tag(_ tag: Tag) throws(TrashError) -> Digest? {
        try reading { () throws(CatalogError) in try view.tag(row.number, tag) }
    }

    /// Manifests of the trash whose subject is the digest.
    func referrers(of subject: Digest) throws(TrashError) -> [Digest] {
        var all: [Digest] = []
        while all.count <= RestorePlan.manifestsMax {
            let page = try reading { () throws(CatalogError) in
                try view.trashedReferrers(
                    row.number,
                    of: subject,
                    after: all.last,
                    limit: TrashLook.page
                )
            }
            all += page
            if page.count < TrashLook.page { break }
        }
        return all
    }

    /// What a tag was last before what it is, if that ended not too long ago.
    func valueBefore(_ current: Digest?, of tag: Tag) throws(TrashError) -> Digest? {
        var place: (position: UInt64, ordinal: UInt64)?
        var end: TagValue?
        for _ in 0..<TrashLook.valuesMax / TrashLook.page {
            let values = try reading { () throws(CatalogError) in
                try view.history(row.number, tag, before: place, limit: TrashLook.page)
            }
            for value in values {
                if let digest = value.digest, digest != current {
                    guard let end, end.stamp.milliseconds >= since else { return nil }
                    return digest
                }
                end = value
            }
            guard values.count == TrashLook.page, let last = values.last else { break }
            place = (last.position, last.ordinal)
        }
        return nil
    }

    /// Tags that ended by the entry that put a manifest in the trash, and were that manifest.
    func tagsEnded(with manifest: TrashedManifest) throws(TrashError) -> [Tag] {
        var tags: [Tag] = []
        for (ordinal, event) in try events(at: manifest.position).enumerated() {
            guard case .tagDeleted(row.key, let tag) = event else { continue }
            let before = try reading { () throws(CatalogError) in
                try view.history(
                    row.number,
                    tag,
                    before: (manifest.position, UInt64(ordinal)),
                    limit: 1
                )
            }.first?.digest
            if before == manifest.facts.digest { tags.append(tag) }
        }
        return tags
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
        for case .reasonGiven(let words) in try events(at: position) {
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

    private func reading<Answer>(
        _ body: () throws(CatalogError) -> Answer
    ) throws(TrashError) -> Answer {
        do throws(CatalogError) { return try body() } catch { throw .catalog(error) }
    }
}
