// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import OCI
import Registry

extension Client {
    /// Ways in which an operator asks for something back.
    enum RestoreForm: Sendable {
        /// A manifest, by its digest.
        case digest
        /// What a tag was before what it is; with `force` also where it is something.
        case tag(Tag, force: Bool)
        /// What the newest deletion of the repository took.
        case repository
    }

    /// Takes a manifest back from the trash, with what it names and what is about it, or what else was asked
    /// for, and looks at it; false when nothing came back, or nobody knows.
    @discardableResult
    mutating func restore(
        _ manifest: Content.Manifest,
        in repository: RepositoryName,
        as form: RestoreForm = .digest,
        orRefused: Bool = true
    ) async -> Bool {
        let effects = possibleEffects(of: form, manifest, repository)
        let isBack = await operate("restore", effects, orRefused: orRefused) {
            registry throws(RegistryError) in
            let reason = "the seed drew it"
            let restored =
                switch form {
                case .digest:
                    try await registry.restore(
                        repository,
                        .digest(manifest.digest),
                        because: reason
                    )
                case .tag(let tag, let force):
                    try await registry.restore(repository, .tag(tag), force: force, because: reason)
                case .repository:
                    try await registry.restoreRepository(repository, because: reason)
                }
            return restoredEffects(restored, repository)
        }
        guard isBack else { return false }
        findings.count("restored by \(form.name)")
        switch form {
        case .digest: await pull(manifest, in: repository)
        case .tag(let tag, _): await pull(tag, in: repository)
        case .repository: await listTags(repository)
        }
        return true
    }

    /// What may come back, as long as nobody knows what did.
    private func possibleEffects(
        of form: RestoreForm,
        _ manifest: Content.Manifest,
        _ repository: RepositoryName
    ) -> [Effect] {
        var effects: [Effect] = []
        var all = content.manifests
        if case .digest = form {
            all = content.family(of: manifest)
            effects.append(Effect(.manifest(repository, manifest.digest), manifest.digest))
        }
        effects += all.dropFirst(effects.count).map {
            Effect(.manifest(repository, $0.digest), $0.digest, force: .possible)
        }
        for tag in content.tags {
            effects += all.map { Effect(.tag(repository, tag), $0.digest, force: .possible) }
        }
        return effects
            + all.flatMap(\.blobs).map { Effect(.blob(repository, $0), $0, force: .possible) }
    }

    /// Deletes an image and takes it back with its tag, which must work where nothing goes wrong.
    mutating func deleteAndRestore() async {
        let named = Set(content.manifests.flatMap(\.children))
        guard let manifest = content.manifests.first(where: { !named.contains($0.digest) }),
            let (repository, tag) = content.repositories.first.flatMap({ repository in
                content.tags.first.map { (repository, $0) }
            })
        else { return }
        let isThere = await push(manifest, to: repository, tags: [tag])
        await delete(manifest, in: repository)
        let isBack = await restore(manifest, in: repository, orRefused: false)
        let found = await pull(tag, in: repository)?.digest
        requireLiveness(
            isThere && isBack && found == manifest.digest,
            "\(manifest.digest) was pushed (\(isThere)), deleted and restored (\(isBack)), and "
                + "\(tag) is \(found.map { "\($0)" } ?? "nothing")"
        )
    }

    /// What came back, exactly.
    private func restoredEffects(
        _ restored: Restored,
        _ repository: RepositoryName
    ) -> [Effect] {
        let manifests = restored.manifests.compactMap { content.manifest($0) }
        return manifests.map { Effect(.manifest(repository, $0.digest), $0.digest) }
            + manifests.flatMap(\.blobs).map { Effect(.blob(repository, $0), $0) }
            + restored.tags.map { Effect(.tag(repository, $0.tag), $0.digest) }
    }

    /// Lets the trash go of a manifest before its time, which no client sees.
    func purge(_ manifest: Content.Manifest, in repository: RepositoryName, now: Bool) async {
        // What is dropped was a blob of the repository until then, and nobody may count on it any more.
        let effects =
            now ? manifest.blobs.map { Effect(.blob(repository, $0), nil, force: .due) } : []
        let isGone = await operate("purge", effects, orRefused: true) {
            registry throws(RegistryError) in
            _ = try await registry.purge(
                repository,
                manifest.digest,
                now: now,
                because: "the seed drew it"
            )
            return effects
        }
        if isGone { findings.count("purged") }
    }

    /// Ends what is due, as the node does beside its sweeps.
    func expire() async {
        let effects = content.repositories.flatMap { repository in
            content.blobs.map { Effect(.blob(repository, $0.digest), nil, force: .due) }
        }
        _ = await operate("expire", effects, orRefused: false) { registry throws(RegistryError) in
            let round = try await registry.expireDue()
            findings.count("link expired", by: Int(round.links))
            findings.count("trash expired", by: Int(round.trash))
            if let failure = round.failures.first { throw failure }
            return round.links == 0 ? [] : effects
        }
        expireUploads()
    }

    /// Drops what nobody has finished for so long.
    private static let uploadsLive = Duration.seconds(86_400)

    private func expireUploads() {
        guard let node = access.current, node.isRunning() else { return }
        do throws(BlobError) {
            let dropped = try node.blobs.expireStagings(olderThan: Client.uploadsLive)
            trace.note("\(timeline.stamp) c\(number) expire uploads → \(dropped)")
            findings.count("upload expired", by: dropped)
        } catch {
            trace.note("\(timeline.stamp) c\(number) expire uploads → \(error)")
            requireLiveness(false, "expiring uploads failed: \(error)")
        }
    }

    /// Does something whose exact effects are known when it is done; false when it was not done, or when
    /// nobody knows.
    private func operate(
        _ what: String,
        _ effects: [Effect],
        orRefused: Bool,
        _ body: (Registry) async throws(RegistryError) -> [Effect]
    ) async -> Bool {
        guard let node = access.current, node.isRunning() else { return false }
        var ticket = ledger.begin(effects, what)
        do throws(RegistryError) {
            let exact = try await body(node.registry)
            trace.note("\(timeline.stamp) c\(number) \(what) → done")
            findings.count(what)
            guard node.isRunning() else {
                ledger.end(ticket, .unknown)
                return false
            }
            ticket = ledger.refine(ticket, to: exact, what)
            ledger.end(ticket, .done)
            return true
        } catch {
            trace.note("\(timeline.stamp) c\(number) \(what) → \(error)")
            guard case .refused(let refusal) = error, node.isRunning() else {
                ledger.end(ticket, .unknown)
                requireLiveness(false, "'\(what)' failed: \(error)")
                return false
            }
            // A plan larger than an entry may have been done in part; none is, here.
            ledger.end(ticket, .refused)
            findings.require(
                orRefused,
                .answers,
                "'\(what)' was refused, which nothing explains: \(refusal)"
            )
            return false
        }
    }
}

extension Client.RestoreForm {
    /// As findings have it.
    var name: String {
        switch self {
        case .digest: "digest"
        case .tag: "tag"
        case .repository: "repository"
        }
    }
}

extension Content {
    /// A manifest, what it names to any depth, and what is about any of these, each once, itself first.
    func family(of manifest: Manifest) -> [Manifest] {
        var family = [manifest]
        var next = 0
        while next < family.count {
            let member = family[next]
            next += 1
            let others =
                member.children.compactMap { self.manifest($0) } + referrers(of: member.digest)
            for other in others where !family.contains(where: { $0.digest == other.digest }) {
                family.append(other)
            }
        }
        return family
    }
}
