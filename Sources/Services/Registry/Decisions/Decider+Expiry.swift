// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension Decider {
    /// When a link that begins now ends, unless a manifest names it by then.
    var linksUntil: UInt64 { time + rules.times.links }
    /// Until when the trash keeps what is deleted now.
    var trashUntil: UInt64 { time + rules.times.trash }

    /// Lets a link of the repository that would end soon live its whole time again.
    func renewal(
        of digest: Digest,
        _ content: ContentRow,
        in row: RepositoryRow
    ) throws(DecisionError) -> Decision {
        let expires = try reading { () throws(CatalogError) in
            try view.expiry(row.number, digest)
        }
        guard let expires, expires < time + rules.times.renewed else { return Decision() }
        return Decision(events: [link(row.key, digest, content)])
    }

    /// That a repository sees a blob.
    func link(_ key: RepositoryKey, _ digest: Digest, _ content: ContentRow) -> Event {
        .blobLinked(
            key,
            digest,
            size: content.size,
            content.generation,
            expires: linksUntil
        )
    }

    /// Whether a link lives at least as long as is promised to who is told of it.
    func isPromised(_ digest: Digest, in row: RepositoryRow) throws(DecisionError) -> Bool {
        let expires = try reading { () throws(CatalogError) in
            try view.expiry(row.number, digest)
        }
        return rules.times.isPromised(until: expires, at: time)
    }

    /// Ends the links among these that are due, and gives those a time that have none.
    func endLinks(_ digests: [Digest], by due: UInt64) throws(DecisionError) -> Decision {
        let row = try existing()
        var decision = Decision()
        for digest in digests.prefix(Decision.eventsMax) {
            let expires = try reading { () throws(CatalogError) in
                try view.expiry(row.number, digest)
            }
            guard let expires, expires <= due, let content = try linked(row, digest) else {
                continue
            }
            decision.events.append(
                expires == 0 ? link(row.key, digest, content) : .blobUnlinked(row.key, digest)
            )
        }
        return decision
    }

    /// Lets the trash go of those among these that it has kept for their time.
    func emptyTrash(_ digests: [Digest], by due: UInt64) throws(DecisionError) -> Decision {
        let row = try existing()
        var decision = Decision()
        for digest in digests.prefix(Decision.eventsMax) {
            let trashed = try reading { () throws(CatalogError) in
                try view.trashed(row.number, digest)
            }
            guard let trashed, trashed.until <= due else { continue }
            decision.events.append(.manifestPurged(row.key, digest))
        }
        return decision
    }

    /// Lets time run up to a moment.
    func raiseHorizon(to moment: UInt64) throws(DecisionError) -> Decision {
        let horizon = try reading { () throws(CatalogError) in try view.horizon() }
        return Decision(events: moment > horizon ? [.expiryReached(moment)] : [])
    }
}

extension ExpiryTimes {
    /// Whether who is told at `time` of a link that ends then may count on it; nil for one that does not
    /// end by itself, 0 for one that is given its whole time yet.
    func isPromised(until expires: UInt64?, at time: UInt64) -> Bool {
        guard let expires, expires > 0 else { return true }
        return expires >= time + promised
    }
}
