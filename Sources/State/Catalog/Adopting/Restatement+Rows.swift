// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import SQLite

/// What a repository has, said once more.
extension Restatement {
    mutating func restateLinks(
        _ row: Repository,
        _ name: String,
        endingOnly: Bool = false
    ) throws(CatalogError) {
        var walk = KeyWalk<Digest>("blobs of \(name)", in: "links", of: row.number)
        while let page = try next(&walk) {
            var events: [Event] = []
            for digest in page {
                let what = "blob \(name)@\(digest)"
                // One that may end without anybody knowing when is kept.
                let expires =
                    try reading("the time at which \(what) ends") { old throws(CatalogError) in
                        try old.expiry(row.number, digest)
                    } ?? 0
                guard !endingOnly || expires > 0 else { continue }
                let content = try reading(what) { old throws(CatalogError) in
                    try old.content(digest)
                }
                guard let content else { continue }
                events.append(
                    .blobLinked(
                        row.key,
                        digest,
                        size: content.size,
                        content.generation,
                        expires: expires
                    )
                )
                guard !endingOnly else { continue }
                note(what, .region, try linkStamp(row, digest))
            }
            try write(.region, events)
        }
    }

    /// When a link was made; nil where its row cannot be read, so that the link is not proved.
    private func linkStamp(_ row: Repository, _ digest: Digest) throws(CatalogError) -> Stamp? {
        do throws(CatalogError) {
            return try CatalogAdoption.often { () throws(CatalogError) in
                try old.session.first(
                    "SELECT stamp FROM links WHERE repository = ?1 AND digest = ?2",
                    .integer(row.number),
                    .digest(digest),
                    read: { Stamp(sortable: $0.blob(0)) }
                ).flatMap { $0 }
            }
        } catch {
            guard error.isOfOnePage else { throw error }
            return nil
        }
    }

    mutating func restateTrash(_ row: Repository, _ name: String) throws(CatalogError) {
        // Links that should stay longer are restated after this.
        let linksUntil = max(1, try old.horizon())
        var walk = KeyWalk<Digest>("the trash of \(name)", in: "trash", of: row.number)
        while let page = try next(&walk) {
            for digest in page {
                let what = "manifest \(name)@\(digest) in the trash"
                let manifest = try reading(what) { old throws(CatalogError) in
                    try old.trashed(row.number, digest)
                }
                guard let manifest else { continue }
                try restateKept(by: manifest.facts, row, linksUntil)
                try write(.region, [.manifestPut(row.key, manifest.facts)])
                try write(
                    .region,
                    [
                        .manifestTrashed(
                            row.key,
                            digest,
                            until: manifest.until,
                            linksUntil: linksUntil
                        )
                    ]
                )
                note(what, .region, manifest.stamp)
            }
        }
    }

    /// Links the blobs that only the trash still names, so that it keeps them; each link ends by itself again.
    private mutating func restateKept(
        by facts: ManifestFacts,
        _ row: Repository,
        _ linksUntil: UInt64
    ) throws(CatalogError) {
        for reference in facts.references where reference.role.isBlob {
            let digest = reference.digest
            guard try CatalogView(new).content(digest) == nil else { continue }
            let content = try reading("blob \(digest) of the trash") {
                old throws(CatalogError) in try old.content(digest)
            }
            guard let content else { continue }
            let link = Event.blobLinked(
                row.key,
                digest,
                size: content.size,
                content.generation,
                expires: linksUntil
            )
            try write(.region, [link])
        }
    }

    mutating func restateManifests(_ row: Repository, _ name: String) throws(CatalogError) {
        var walk = KeyWalk<Digest>("manifests of \(name)", in: "manifests", of: row.number)
        while let page = try next(&walk) {
            for digest in page {
                let what = "manifest \(name)@\(digest)"
                let manifest = try reading(what) { old throws(CatalogError) in
                    try old.manifest(row.number, digest)
                }
                guard let manifest else { continue }
                var events: [Event] = [.manifestPut(row.key, manifest.facts)]
                let day = try reading("the last pull of \(what)") { old throws(CatalogError) in
                    try old.lastPulled(row.number, digest)
                }
                if let day { events.append(.manifestPulled(row.key, digest, day: day)) }
                try write(.region, events)
                note(what, .region, manifest.stamp)
            }
        }
    }

    mutating func restateTags(_ row: Repository, _ name: String) throws(CatalogError) {
        var walk = KeyWalk<Tag>("tags of \(name)", of: row.number)
        while let page = try next(&walk) {
            for tag in page {
                let found = try reading("tag \(name):\(tag)") {
                    old throws(CatalogError) -> (Digest, Stamp?)? in
                    try old.session.first(
                        "SELECT digest, stamp FROM tags WHERE repository = ?1 AND name = ?2",
                        .integer(row.number),
                        .text(tag.description),
                        read: { row in
                            Digest(key: row.blob(0)).map { ($0, Stamp(sortable: row.blob(1))) }
                        }
                    ).flatMap { $0 }
                }
                guard let (digest, stamp) = found else { continue }
                try write(.region, [.tagPut(row.key, tag, digest)])
                note("tag \(name):\(tag), which is \(digest)", .region, stamp)
            }
        }
    }
}
