// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension Decider {
    /// Manifests out of the trash, with what they name, and tags for them.
    ///
    /// What is there already is left as it is.
    func restore(_ restoration: Restoration) throws(DecisionError) -> Decision {
        let row = try existing()
        var events: [Event] = []
        var here: Set<Digest> = []
        for digest in restoration.manifests where try !hasManifest(row, digest) {
            let facts = try restorable(digest, row, besides: here)
            events.append(.manifestPut(row.key, facts))
            here.insert(digest)
        }
        for back in restoration.tags {
            let current = try tag(back.tag, in: row)
            guard current != back.digest else { continue }
            guard current == back.replacing else {
                if restoration.leavesTaken { continue }
                throw .refused(.tagTaken(back.tag, current))
            }
            guard try isThere(back.digest, row, besides: here) else {
                throw .refused(.notInTrash(back.digest.description))
            }
            events.append(.tagPut(row.key, back.tag, back.digest))
        }
        if !events.isEmpty { events.append(.reasonGiven(restoration.reason)) }
        return Decision(events: events)
    }

    /// A manifest of the trash of which everything is left: in the repository, in the trash, or `besides`.
    private func restorable(
        _ digest: Digest,
        _ row: RepositoryRow,
        besides: Set<Digest>
    ) throws(DecisionError) -> ManifestFacts {
        let trashed = try reading { () throws(CatalogError) in
            try view.trashed(row.number, digest)
        }
        guard var facts = trashed?.facts else {
            throw .refused(.notInTrash(digest.description))
        }
        var gone: [Digest] = []
        let content = try self.content(digest)
        if let content { facts.generation = content.generation } else { gone.append(digest) }
        for reference in facts.references {
            let isThere =
                switch reference.role {
                case .external: true
                case .child: try isThere(reference.digest, row, besides: besides)
                case .config, .layer: try self.content(reference.digest) != nil
                }
            if !isThere { gone.append(reference.digest) }
        }
        guard gone.isEmpty else {
            throw .refused(.contentGone(Array(gone.prefix(Decision.namedMax))))
        }
        return facts
    }

    /// Lets the trash go of a manifest before its time; `now`: also of the links that end by themselves of
    /// what it named, unless one of them was begun too lately.
    func purge(
        _ digest: Digest,
        now isNow: Bool,
        because reason: String
    ) throws(DecisionError) -> Decision {
        let row = try existing()
        let trashed = try reading { () throws(CatalogError) in
            try view.trashed(row.number, digest)
        }
        guard let facts = trashed?.facts else {
            throw .refused(.notInTrash(digest.description))
        }
        var events = [Event.manifestPurged(row.key, digest)]
        var seen: Set<Digest> = []
        for reference in facts.references
        where isNow && reference.role.isBlob && seen.insert(reference.digest).inserted {
            let expires = try reading { () throws(CatalogError) in
                try view.expiry(row.number, reference.digest)
            }
            guard let expires else { continue }
            // It began when it was last uploaded or mounted, or when the last manifest went that named it.
            let promisedUntil = expires - min(expires, rules.times.links) + rules.times.promised
            guard promisedUntil <= time else { throw .refused(.promised(until: promisedUntil)) }
            events.append(.blobUnlinked(row.key, reference.digest))
        }
        guard events.count < Decision.eventsMax else {
            throw .refused(
                .tooLarge("it names \(seen.count) blobs; purge it without dropping them now")
            )
        }
        return Decision(events: events + [.reasonGiven(reason)])
    }

    private func isThere(
        _ digest: Digest,
        _ row: RepositoryRow,
        besides: Set<Digest>
    ) throws(DecisionError) -> Bool {
        if besides.contains(digest) { return true }
        return try hasManifest(row, digest)
    }

    private func content(_ digest: Digest) throws(DecisionError) -> ContentRow? {
        try reading { () throws(CatalogError) in try view.content(digest) }
    }
}
