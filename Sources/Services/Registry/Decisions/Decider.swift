// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTP
import Journal
import OCI
import Platform

/// Decides one change on a catalog that stands exactly at the head.
///
/// Pure: the same view, change and rules give the same decision. What a refusal says is true of the
/// view; what a decision lists is applied to it and to nothing else.
struct Decider {
    /// Rules that the operator sets.
    struct Rules: Sendable, Hashable {
        /// Whether deleting a manifest leaves what refers to it.
        var keepsReferrers = false
        /// How long things stay that nothing holds.
        var times = ExpiryTimes()
    }

    let view: CatalogView
    let change: Change
    let rules: Rules
    let store: Identifier
    /// What ages are counted from, in milliseconds since 1970.
    let time: UInt64

    func decide(now: UInt64) throws(DecisionError) -> Decision {
        guard now <= change.deadline else { throw .refused(.pastDeadline) }
        switch change.action {
        case .linkBlob(let receipt): return try linkBlob(receipt)
        case .mountBlob(let digest, let source): return try mount(digest, from: source)
        case .putManifest(let facts, let receipt, let tags, let conditions):
            return try put(facts, receipt, tags, conditions)
        case .putTags(let tags, let digest): return try put(tags, digest)
        case .copyImage(let source, let digest, let tag):
            return try copy(from: source, digest, tag)
        case .deleteTag(let tag, let conditions): return try delete(tag, conditions)
        case .deleteManifest(let digest): return try deleteManifest(digest)
        case .deleteBlob(let digest): return try deleteBlob(digest)
        case .deleteRepository: return try deleteRepository()
        case .raiseEpoch(let epoch):
            let current = try reading { () throws(CatalogError) in try view.epoch() }
            // Somebody else has raised it already.
            guard current == epoch else { return Decision() }
            return Decision(events: [.sweepEpochRaised(epoch.number + 1)])
        case .endLinks(let digests, let due): return try endLinks(digests, by: due)
        case .emptyTrash(let digests, let due): return try emptyTrash(digests, by: due)
        case .raiseHorizon(let moment): return try raiseHorizon(to: moment)
        case .notePulls(let pulls): return try note(pulls)
        case .retire(let retirement): return try retire(retirement)
        case .setRetentionPolicy(let policy): return try setRetentionPolicy(policy)
        case .restore(let restoration): return try restore(restoration)
        case .purge(let digest, let now, let reason):
            return try purge(digest, now: now, because: reason)
        }
    }

    /// The repository's key, and the namespace's creation when nobody named it before.
    func target() throws(DecisionError) -> (key: RepositoryKey, first: [Event]) {
        let name = change.repository.namespace
        let path = change.repository.path
        let known = try reading { () throws(CatalogError) in try view.namespace(named: name) }
        if let known { return (RepositoryKey(namespace: known, path: path), []) }
        return (
            RepositoryKey(namespace: change.namespaceID, path: path),
            [.namespaceCreated(change.namespaceID, name: name)]
        )
    }

    /// The repository's row; refused when no entry ever named it.
    func existing() throws(DecisionError) -> RepositoryRow {
        guard let row = try row(change.repository) else {
            throw .refused(.nameUnknown(change.repository))
        }
        return row
    }

    func row(_ name: RepositoryName) throws(DecisionError) -> RepositoryRow? {
        try reading { () throws(CatalogError) in try view.repository(name) }
    }

    /// The generation a digest is named under: that of its row, or, without one, the receipt's.
    ///
    /// A digest without a row may be named only with a receipt of a generation g ∈ {F-1, F}: any
    /// older copy a holder may delete at any moment.
    func generation(_ receipt: Receipt) throws(DecisionError) -> Generation {
        if let row = try reading({ () throws(CatalogError) in try view.content(receipt.digest) }) {
            return row.generation
        }
        let epoch = try reading { () throws(CatalogError) in try view.epoch() }
        #if SABOTAGE
        if Sabotage.makes("takesReceiptsOfAnyGeneration") { return Generation(receipt.generation) }
        #endif
        guard receipt.store == store, receipt.generation + 1 >= epoch.number,
            receipt.generation <= epoch.number
        else { throw .refused(.receiptTooOld(receipt.digest)) }
        return Generation(receipt.generation)
    }

    func reading<Answer>(
        _ body: () throws(CatalogError) -> Answer
    ) throws(DecisionError) -> Answer {
        do throws(CatalogError) { return try body() } catch { throw .catalog(error) }
    }
}

/// Why there is no decision.
enum DecisionError: Error {
    case refused(Refusal)
    case catalog(CatalogError)
}
