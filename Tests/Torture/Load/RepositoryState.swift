// SPDX-License-Identifier: Apache-2.0

import OCI

/// What a repository has: the small model of a registry that the real one is compared with.
///
/// Two are equal when clients see the same.
struct RepositoryState: Equatable, Sendable {
    var blobs: Set<Digest> = []
    var manifests: Set<Digest> = []
    var tags: [String: Digest] = [:]
    /// Manifests that were deleted and can be had back.
    var trash: [Digest: Deleted] = [:]
    /// How many of the newest builds the namespace's policy keeps; nil without a policy.
    var keptBuilds: Int?
    /// The manifests, those that were pushed, tagged or brought back last at the end.
    var order: [Digest] = []
    /// What was pulled for certain, in the trash too.
    var pulled: Set<Digest> = []
    /// What of the trash was pulled, where a crash may have lost that.
    var doubtful: Set<Digest> = []

    static func == (left: RepositoryState, right: RepositoryState) -> Bool {
        left.blobs == right.blobs && left.manifests == right.manifests && left.tags == right.tags
            && left.keptBuilds == right.keptBuilds
    }

    /// What went with a manifest of the trash.
    struct Deleted: Equatable, Sendable {
        var tags: [String]
        /// The manifests that the same deletion took, itself too.
        var together: Set<Digest>
    }

    /// What a manifest names; it follows from the manifest's digest.
    struct Names: Equatable, Sendable {
        var bytes: [UInt8]
        var mediaType: String
        /// Blobs, or the children of an index.
        var references: [Digest]
        var subject: Digest?
    }

    /// One request that changes something.
    enum Change: Sendable {
        case pushBlob([UInt8], Digest)
        /// Pushes the rest of what was begun before.
        case resume(OpenUpload)
        /// By digest with these tags, all or none of which move.
        case putManifest(Digest, tags: [String])
        case deleteTag(String)
        case deleteManifest(Digest)
        case deleteBlob(Digest)
        /// Back from the trash, with what it names and what refers to it.
        case restore(Digest)
        /// No more in the trash.
        case purge(Digest)
        /// Asks for a manifest, which keeps it from retention for the day.
        case pull(Digest)
        /// So many of the newest builds stay from now on; nil takes the policy away.
        case setPolicy(Int?)
        /// Whatever the policy lets go, into the trash, one image after the other.
        case retain
    }

    /// The states that a change goes through, to its end: only a run of retention has several.
    func steps(of change: Change, _ names: [Digest: Names]) -> [RepositoryState] {
        if case .retain = change {
            let steps = retained(names)
            return steps.isEmpty ? [self] : steps
        }
        var next = self
        next.apply(change, names)
        return [next]
    }

    /// Makes the change; `names` tells what each manifest names.
    private mutating func apply(_ change: Change, _ names: [Digest: Names]) {
        switch change {
        case .pushBlob(_, let digest): blobs.insert(digest)
        case .resume(let upload): blobs.insert(upload.digest)
        case .putManifest(let digest, let names):
            bring(digest)
            trash[digest] = nil
            for tag in names { tags[tag] = digest }
        case .deleteTag(let tag): tags[tag] = nil
        case .deleteManifest(let digest): delete(digest, names)
        case .deleteBlob(let digest): blobs.remove(digest)
        case .restore(let digest): restore(digest, names)
        case .purge(let digest): trash[digest] = nil
        case .pull(let digest):
            pulled.insert(digest)
            doubtful.remove(digest)
        case .setPolicy(let kept): keptBuilds = kept
        case .retain: self = retained(names).last ?? self
        }
    }

    /// A manifest is there, and newer than all others.
    private mutating func bring(_ digest: Digest) {
        manifests.insert(digest)
        order.removeAll { $0 == digest }
        order.append(digest)
    }

    private mutating func restore(_ digest: Digest, _ names: [Digest: Names]) {
        for back in returning(with: digest, names) {
            bring(back)
            for tag in trash[back]?.tags ?? [] where tags[tag] == nil { tags[tag] = back }
            trash[back] = nil
            guard names[back]?.mediaType == Documents.imageType else { continue }
            // A manifest says that its blobs are there, and so they are again.
            blobs.formUnion(names[back]?.references ?? [])
        }
    }

    /// What comes back with a manifest: what it names first, then it, then what refers to any of them and was
    /// deleted with it.
    private func returning(with digest: Digest, _ names: [Digest: Names]) -> [Digest] {
        var order: [Digest] = []
        func visit(_ digest: Digest) {
            guard trash[digest] != nil, !order.contains(digest) else { return }
            for child in names[digest]?.references ?? [] { visit(child) }
            order.append(digest)
        }
        visit(digest)
        var next = 0
        while next < order.count {
            let referrers = trash.keys.filter {
                names[$0]?.subject == order[next] && wentTogether($0, order[next])
            }.sorted()
            for referrer in referrers { visit(referrer) }
            next += 1
        }
        return order
    }

    /// Whether the newest deletions of both were one: each knows of the other.
    private func wentTogether(_ one: Digest, _ other: Digest) -> Bool {
        guard let first = trash[one], let second = trash[other] else { return false }
        return first.together.contains(other) && second.together.contains(one)
    }

    /// What of the trash can be asked back: it comes whole, and no tag was of two that come with it.
    func restorable(_ names: [Digest: Names]) -> [Digest] {
        trash.keys.sorted().filter { digest in
            let back = returning(with: digest, names)
            let tags = back.flatMap { trash[$0]?.tags ?? [] }
            let isWhole = back.allSatisfy { digest in
                let kind = names[digest]?.mediaType
                return kind == Documents.imageType
                    || (names[digest]?.references ?? []).allSatisfy {
                        manifests.contains($0) || trash[$0] != nil
                    }
            }
            return isWhole && Set(tags).count == tags.count
        }
    }

    /// A manifest goes with its tags and with the referrers that neither a tag nor an index names.
    mutating func delete(_ digest: Digest, _ names: [Digest: Names]) {
        var gone: [Digest: [String]] = [:]
        delete(digest, names, &gone)
        let together = Set(gone.keys)
        for (digest, tags) in gone { trash[digest] = Deleted(tags: tags, together: together) }
    }

    private mutating func delete(
        _ digest: Digest,
        _ names: [Digest: Names],
        _ gone: inout [Digest: [String]]
    ) {
        manifests.remove(digest)
        order.removeAll { $0 == digest }
        let ended = tags.keys.sorted().filter { tags[$0] == digest }
        gone[digest] = ended
        for tag in ended { tags[tag] = nil }
        let tagged = Set(tags.values)
        let free = Set(unnamed(manifests, names)).subtracting(tagged)
        for referrer in referrers(of: digest, names) where free.contains(referrer) {
            delete(referrer, names, &gone)
        }
    }

    func referrers(of digest: Digest, _ names: [Digest: Names]) -> [Digest] {
        manifests.filter { names[$0]?.subject == digest }.sorted()
    }

    /// What no manifest here names, and may therefore be deleted.
    func unnamed(_ digests: Set<Digest>, _ names: [Digest: Names]) -> [Digest] {
        let named = Set(manifests.flatMap { names[$0]?.references ?? [] })
        return digests.subtracting(named).sorted()
    }

    /// What this state has and the other has not.
    func lacking(_ other: RepositoryState) -> [String] {
        let blobs = blobs.subtracting(other.blobs).map { "blob \($0)" }
        let manifests = manifests.subtracting(other.manifests).map { "manifest \($0)" }
        let tags = tags.filter { other.tags[$0.key] != $0.value }.map {
            "tag \($0.key) at \($0.value)"
        }
        let policy = keptBuilds == other.keptBuilds ? [] : ["policy: \(kept), not \(other.kept)"]
        return (blobs + manifests + tags).sorted() + policy
    }
}

extension RepositoryState.Change {
    /// The change without its bytes.
    var name: String {
        switch self {
        case .pushBlob(_, let digest): "push blob \(digest)"
        case .resume(let upload): "resume blob \(upload.digest)"
        case .putManifest(let digest, let tags):
            "put manifest \(digest) as \(tags.isEmpty ? "itself" : tags.joined(separator: ", "))"
        case .deleteTag(let tag): "delete tag \(tag)"
        case .deleteManifest(let digest): "delete manifest \(digest)"
        case .deleteBlob(let digest): "delete blob \(digest)"
        case .restore(let digest): "restore \(digest)"
        case .purge(let digest): "purge \(digest)"
        case .pull(let digest): "pull \(digest)"
        case .setPolicy(let kept): "set the policy \(kept.map { "\($0)" } ?? "that keeps all")"
        case .retain: "run retention"
        }
    }
}
