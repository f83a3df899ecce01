// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTP
import Journal
import OCI

#if SABOTAGE
import Platform
#endif

extension Decider {
    func linkBlob(_ receipt: Receipt) throws(DecisionError) -> Decision {
        let (key, first) = try target()
        if first.isEmpty, let row = try row(change.repository),
            let content = try linked(row, receipt.digest)
        {
            return try renewal(of: receipt.digest, content, in: row)
        }
        let content = ContentRow(generation: try generation(receipt), size: receipt.size)
        return Decision(events: first + [link(key, receipt.digest, content)])
    }

    /// A blob that another repository sees: with a source, that one; without one, any that links it as a blob.
    ///
    /// Bytes that are a manifest everywhere stay one. A link that ends before what is promised is none.
    func mount(_ digest: Digest, from source: RepositoryName?) throws(DecisionError) -> Decision {
        #if SABOTAGE
        let source = Sabotage.makes("mountsWhatTheSourceLacks") ? nil : source
        #endif
        let content: ContentRow?
        if let source {
            content = try row(source).flatMap { row throws(DecisionError) in
                try isPromised(digest, in: row) ? try linked(row, digest) : nil
            }
        } else {
            content = try reading { () throws(CatalogError) in
                try view.linkAnywhere(digest, until: time + rules.times.promised)
            }
        }
        guard let content else { throw .refused(.blobUnknown(digest)) }
        let (key, first) = try target()
        if first.isEmpty, let row = try row(change.repository),
            let content = try linked(row, digest)
        {
            return try renewal(of: digest, content, in: row)
        }
        return Decision(events: first + [link(key, digest, content)])
    }

    func put(
        _ facts: ManifestFacts,
        _ receipt: Receipt,
        _ tags: [Tag],
        _ conditions: Preconditions?
    ) throws(DecisionError) -> Decision {
        let (key, first) = try target()
        let row = first.isEmpty ? try row(change.repository) : nil
        try checkReferences(facts, in: row)
        if let conditions, let tag = tags.first {
            try check(conditions, on: tag, in: row, putting: facts.digest)
        }
        var facts = facts
        facts.generation = try generation(receipt)
        var events = first
        let isThere = try row.map { row throws(DecisionError) in
            try hasManifest(row, facts.digest)
        }
        // A tag asserts what it names; without one, a manifest that is there is asserted by itself.
        if isThere != true || tags.isEmpty { events.append(.manifestPut(key, facts)) }
        for tag in tags { events.append(.tagPut(key, tag, facts.digest)) }
        return Decision(events: events)
    }

    func put(_ tags: [Tag], _ digest: Digest) throws(DecisionError) -> Decision {
        let row = try existing()
        guard try hasManifest(row, digest) else {
            throw .refused(.manifestUnknown(digest.description))
        }
        return Decision(events: tags.map { .tagPut(row.key, $0, digest) })
    }

    /// A conditional PUT that finds its own digest there already succeeds: its first answer was lost.
    private func check(
        _ conditions: Preconditions,
        on tag: Tag,
        in row: RepositoryRow?,
        putting digest: Digest
    ) throws(DecisionError) {
        let current = try row.flatMap { row throws(DecisionError) in try self.tag(tag, in: row) }
        guard current != digest else { return }
        try check(conditions, current)
    }

    /// Whether the conditions hold of a tag that is `current`, or is not there.
    func check(_ conditions: Preconditions, _ current: Digest?) throws(DecisionError) {
        let entityTag = current.map { EntityTag(strong: $0.description) }
        guard conditions.forChanging(entityTag) == .proceed else {
            throw .refused(.conditionFailed(current))
        }
    }

    /// Everything a manifest names must be in the repository, but what comes from elsewhere (I2).
    private func checkReferences(
        _ facts: ManifestFacts,
        in row: RepositoryRow?
    ) throws(DecisionError) {
        var missing: [Digest] = []
        for reference in facts.references {
            let isThere: Bool
            switch (reference.role, row) {
            case (.external, _): isThere = true
            case (_, nil): isThere = false
            case (.child, let row?): isThere = try hasManifest(row, reference.digest)
            case (.config, let row?), (.layer, let row?):
                isThere = try linked(row, reference.digest) != nil
            }
            if !isThere, missing.count < Decision.namedMax { missing.append(reference.digest) }
        }
        guard missing.isEmpty else { throw .refused(.referencesUnknown(missing)) }
    }

    func linked(_ row: RepositoryRow, _ digest: Digest) throws(DecisionError) -> ContentRow? {
        try reading { () throws(CatalogError) in try view.link(row.number, digest) }
    }

    func tag(_ tag: Tag, in row: RepositoryRow) throws(DecisionError) -> Digest? {
        try reading { () throws(CatalogError) in try view.tag(row.number, tag) }
    }

    func hasManifest(_ row: RepositoryRow, _ digest: Digest) throws(DecisionError) -> Bool {
        try reading { () throws(CatalogError) in
            try view.manifestContent(row.number, digest) != nil
        }
    }
}
