// SPDX-License-Identifier: Apache-2.0

import OCI

// What a policy that keeps the newest builds lets go, as docs/operations/retention.md says it: the small
// model that the real planner is compared with.
//
// It holds where artifacts with a subject have no tags, no manifest is an index, and all of it happens on
// one day.
extension RepositoryState {
    /// Tags that the policy is about begin so.
    static let buildPrefix = "v"

    private static func isBuild(_ tag: String) -> Bool { tag.hasPrefix(buildPrefix) }

    /// The policy, in words.
    var kept: String { keptBuilds.map { "\($0) builds stay" } ?? "everything stays" }

    /// The images that a run puts into the trash, in its order: the oldest first.
    func letGo(_ names: [Digest: Names]) -> [Digest] {
        guard let keptBuilds else { return [] }
        var tagsOf: [Digest: [String]] = [:]
        for (tag, digest) in tags { tagsOf[digest, default: []].append(tag) }
        // What was pulled, or has another tag too, has its place among the newest all the same.
        let builds = order.reversed().filter { digest in
            (tagsOf[digest] ?? []).contains(where: RepositoryState.isBuild)
        }
        return builds.dropFirst(keptBuilds).reversed().filter { digest in
            (tagsOf[digest] ?? []).allSatisfy(RepositoryState.isBuild)
                && pulled.isDisjoint(with: family(of: digest, names))
        }
    }

    /// The state after each image that a run puts into the trash.
    func retained(_ names: [Digest: Names]) -> [RepositoryState] {
        var next = self
        return letGo(names).map { digest in
            next.delete(digest, names)
            return next
        }
    }

    /// A manifest and what refers to it, directly or not.
    private func family(of digest: Digest, _ names: [Digest: Names]) -> Set<Digest> {
        var family: Set = [digest]
        var pending = [digest]
        while let subject = pending.popLast() {
            pending += referrers(of: subject, names).filter { family.insert($0).inserted }
        }
        return family
    }
}
