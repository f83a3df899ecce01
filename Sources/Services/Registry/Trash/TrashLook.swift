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
    static let page = 500

    let view: CatalogView
    let row: RepositoryRow
    /// Tags that ended before this, in milliseconds since 1970, are not given back.
    let since: UInt64
    /// What was found out of this view's entries.
    let kinships = Kinships()
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

    /// What a tag was last before what it is, and the position that ended it, if that was not too long ago.
    func valueBefore(
        _ current: Digest?,
        of tag: Tag
    ) throws(TrashError) -> (digest: Digest, ended: UInt64)? {
        var place: (position: UInt64, ordinal: UInt64)?
        var end: TagValue?
        for _ in 0..<TrashLook.valuesMax / TrashLook.page {
            let values = try reading { () throws(CatalogError) in
                try view.history(row.number, tag, before: place, limit: TrashLook.page)
            }
            for value in values {
                if let digest = value.digest, digest != current {
                    guard let end, end.stamp.milliseconds >= since else { return nil }
                    return (digest, end.position)
                }
                end = value
            }
            guard values.count == TrashLook.page, let last = values.last else { break }
            place = (last.position, last.ordinal)
        }
        return nil
    }

    func reading<Answer>(
        _ body: () throws(CatalogError) -> Answer
    ) throws(TrashError) -> Answer {
        do throws(CatalogError) { return try body() } catch { throw .catalog(error) }
    }
}
