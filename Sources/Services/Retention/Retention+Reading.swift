// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform
import Registry

/// A namespace's policy, as it was when a run or a plan began.
struct FollowedPolicy: Sendable {
    var namespace: String
    /// As it was set.
    var text: String
    var policy: Result<Policy, PolicyError>
}

/// A repository's manifests as they were at one position of the journals.
struct Snapshot: Sendable {
    var repository: RepositoryName
    var stocks: [Stock] = []
    var stamps: [Digest: Stamp] = [:]
    /// Tags that entries of this run ended at manifests that they left.
    var tagsEnded: Set<Tag> = []

    /// Follows what an entry of this run did to what it left, so that only others' changes are found there.
    ///
    /// A manifest that goes hands its stamp down to what it names.
    mutating func follow(_ step: Retirement, of removal: Plan.Removal) {
        let ended = Set(step.members.map(\.digest))
        for stock in removal.members where ended.contains(stock.digest) {
            guard let stamp = stamps[stock.digest] else { continue }
            for child in stock.children {
                if let own = stamps[child], own < stamp { stamps[child] = stamp }
            }
        }
        tagsEnded.formUnion(step.looseTags)
    }
}

/// What is read of a repository.
enum Found {
    case stock(Snapshot)
    case tooLarge
}

extension Retention {
    /// Namespaces that one read names, and rows of a page.
    private static let page = 200

    /// Every namespace that has a policy, in order of name.
    public func policies() throws(RetentionError) -> [NamespacePolicy] {
        try policies(of: nil, or: nil).map {
            NamespacePolicy(namespace: $0.namespace, policy: $0.policy)
        }
    }

    /// The policies of one namespace, which must have one, or of all that have; `policy` in their place.
    func policies(
        of namespace: String?,
        or policy: Policy?
    ) throws(RetentionError) -> [FollowedPolicy] {
        if let namespace, let policy {
            _ = try existing(namespace)
            let text = policy.canonical
            return [FollowedPolicy(namespace: namespace, text: text, policy: .success(policy))]
        }
        var found: [FollowedPolicy] = []
        if let namespace {
            _ = try existing(namespace)
            let text = try reading { view throws(CatalogError) in
                try view.namespace(named: namespace).flatMap { id throws(CatalogError) in
                    try view.retentionPolicy(of: id)
                }
            }
            guard let text else { throw .noPolicy(namespace) }
            return [Retention.read(text, of: namespace)]
        }
        var after: Identifier?
        while true {
            let page = try reading { view throws(CatalogError) in
                var named: [(id: Identifier, name: String, text: String)] = []
                for (id, text) in try view.retentionPolicies(after: after, limit: Retention.page) {
                    guard let name = try view.name(of: id) else {
                        throw .damaged("a namespace with a policy has no name")
                    }
                    named.append((id, name, text))
                }
                return named
            }
            guard let last = page.last else { break }
            found += page.map { Retention.read($0.text, of: $0.name) }
            after = last.id
        }
        return found.sorted { $0.namespace < $1.namespace }
    }

    private static func read(_ text: String, of namespace: String) -> FollowedPolicy {
        let policy = Result { () throws(PolicyError) in try Policy.parse(Array(text.utf8)) }
        return FollowedPolicy(namespace: namespace, text: text, policy: policy)
    }

    /// A name by which changes know a namespace that is there.
    func existing(_ namespace: String) throws(RetentionError) -> RepositoryName {
        let id = try reading { view throws(CatalogError) in try view.namespace(named: namespace) }
        guard id != nil, let name = RepositoryName(namespace), name.namespace == namespace else {
            throw .namespaceUnknown(namespace)
        }
        return name
    }

    /// Does something with each repository of a namespace that has a manifest, in order of path.
    func repositories(
        of namespace: String,
        _ each: (RepositoryName) async throws(RetentionError) -> Void
    ) async throws(RetentionError) {
        var after: String?
        while true {
            let page = try reading {
                view throws(CatalogError) -> [(path: String, RepositoryName?)] in
                guard let id = try view.namespace(named: namespace) else { return [] }
                var named: [(path: String, RepositoryName?)] = []
                for row in try view.repositories(in: id, after: after, limit: Retention.page) {
                    named.append((row.key.path, try view.name(of: row.key)))
                }
                return named
            }
            guard let last = page.last else { return }
            for case (_, let name?) in page { try await each(name) }
            after = last.path
        }
    }

    /// A repository's manifests, in one snapshot.
    func snapshot(of repository: RepositoryName) throws(RetentionError) -> Found {
        let limit = options.manifestsMax
        return try reading { view throws(CatalogError) -> Found in
            var snapshot = Snapshot(repository: repository)
            guard let row = try view.repository(repository) else { return .stock(snapshot) }
            guard row.manifests <= UInt64(limit) else { return .tooLarge }
            var sizes: [Digest: UInt64] = [:]
            var after: Digest?
            while true {
                let page = try view.retentionRows(
                    row.number,
                    after: after,
                    limit: Retention.page,
                    tagsMax: Planner.tagsMax + 1
                )
                guard let last = page.last else { return .stock(snapshot) }
                for manifest in page {
                    snapshot.stamps[manifest.facts.digest] = manifest.stamp
                    let size = try Retention.size(manifest.facts, view, &sizes)
                    snapshot.stocks.append(Stock(manifest, size: size))
                }
                after = last.facts.digest
            }
        }
    }

    /// The bytes of a manifest and of the blobs that it names.
    private static func size(
        _ facts: ManifestFacts,
        _ view: CatalogView,
        _ known: inout [Digest: UInt64]
    ) throws(CatalogError) -> UInt64 {
        var sum = facts.size
        for reference in facts.references where reference.role.isBlob {
            if let size = known[reference.digest] {
                sum += size
                continue
            }
            let size = try view.content(reference.digest)?.size ?? 0
            known[reference.digest] = size
            sum += size
        }
        return sum
    }

    private func reading<Answer>(
        _ body: (CatalogView) throws(CatalogError) -> Answer
    ) throws(RetentionError) -> Answer {
        do throws(RegistryError) { return try registry.read(body) } catch {
            throw .registry(error)
        }
    }
}

extension Stock {
    fileprivate init(_ row: RetentionRow, size: UInt64) {
        self.init(
            digest: row.facts.digest,
            mediaType: row.facts.mediaType,
            tags: row.tags,
            pushed: row.pushed,
            untaggedSince: row.untagged ?? 0,
            pulledDay: row.pulled,
            size: size,
            children: row.facts.references.filter { $0.role == .child }.map(\.digest),
            subject: row.facts.subject
        )
    }
}

extension Plan.Removal {
    /// What one entry each can end by a policy, in order, each as the ones before leave it.
    func steps(_ snapshot: Snapshot, by policy: String) -> [Retirement] {
        var snapshot = snapshot
        var steps: [Retirement] = []
        var members: [Retirement.Member] = []
        var loose = looseTags[...]
        // The reason is an event too.
        var room = Decision.eventsMax - 1
        func end() {
            steps.append(
                Retirement(
                    members: members,
                    looseTags: Array(loose.prefix(room)),
                    known: self.members.map(\.digest) + bystanders,
                    policy: policy,
                    reason: reason
                )
            )
            loose = loose.dropFirst(room)
            (members, room) = ([], Decision.eventsMax - 1)
        }
        for stock in self.members {
            let tags = stock.tags.filter { !snapshot.tagsEnded.contains($0) }
            if tags.count + 1 > room {
                end()
                if let step = steps.last { snapshot.follow(step, of: self) }
            }
            guard let stamp = snapshot.stamps[stock.digest] else { continue }
            room -= tags.count + 1
            members.append(
                Retirement.Member(
                    digest: stock.digest,
                    stamp: stamp,
                    tags: tags,
                    pulledDay: stock.pulledDay
                )
            )
        }
        if !members.isEmpty { end() }
        return steps
    }
}
