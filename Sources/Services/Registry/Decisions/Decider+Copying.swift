// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension Decider {
    /// By reference: links and manifests of the source, children first, as one atomic change.
    func copy(
        from source: RepositoryName,
        _ digest: Digest,
        _ tag: Tag?
    ) throws(DecisionError) -> Decision {
        guard let from = try row(source) else { throw .refused(.nameUnknown(source)) }
        let (key, first) = try target()
        let to = first.isEmpty ? try row(change.repository) : nil
        var gathered = Gathered()
        try gather(digest, from: from, to: to, key: key, depth: 0, into: &gathered)
        var events = first + gathered.events
        if let tag { events.append(.tagPut(key, tag, digest)) }
        guard events.count <= Decision.eventsMax else {
            throw .refused(
                .tooLarge("copying needs \(events.count) events; copy the children one by one")
            )
        }
        return Decision(events: events)
    }

    private struct Gathered {
        var events: [Event] = []
        var seen: Set<Digest> = []
    }

    private func gather(
        _ digest: Digest,
        from: RepositoryRow,
        to: RepositoryRow?,
        key: RepositoryKey,
        depth: Int,
        into gathered: inout Gathered
    ) throws(DecisionError) {
        guard depth < Decision.copyDepthMax else {
            throw .refused(.tooLarge("indexes are nested deeper than \(Decision.copyDepthMax)"))
        }
        guard gathered.seen.insert(digest).inserted else { return }
        guard
            let manifest = try reading({ () throws(CatalogError) in
                try view.manifest(from.number, digest)
            })
        else { throw .refused(.manifestUnknown(digest.description)) }
        for reference in manifest.facts.references {
            switch reference.role {
            case .child:
                try gather(
                    reference.digest,
                    from: from,
                    to: to,
                    key: key,
                    depth: depth + 1,
                    into: &gathered
                )
            case .config, .layer:
                guard gathered.seen.insert(reference.digest).inserted else { continue }
                if let to, try linked(to, reference.digest) != nil { continue }
                guard let content = try linked(from, reference.digest) else {
                    throw .refused(.blobUnknown(reference.digest))
                }
                gathered.events.append(link(key, reference.digest, content))
            case .external: break
            }
        }
        if let to, try hasManifest(to, digest) { return }
        gathered.events.append(.manifestPut(key, manifest.facts))
    }
}
