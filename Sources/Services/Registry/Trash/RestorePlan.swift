// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

/// What comes back with a manifest of the trash: what it names, what refers to it, and its tags.
///
/// Pure: it looks at a view and changes nothing. Deciding at the head looks at everything again.
struct RestorePlan {
    /// Manifests that one plan may hold; beyond them an image is restored in parts, by digest.
    static let manifestsMax = 10 * Decision.eventsMax

    /// Manifests to put, each after those it names.
    private(set) var manifests: [TrashedManifest] = []
    /// Tags to put.
    private(set) var tags: [Restoration.TagReturn] = []
    /// Tags that are something else now.
    private(set) var taken: [Restored.TakenTag] = []
    /// Manifests that cannot come back, because something of what they name is gone.
    private(set) var left: [Digest] = []
    /// Whether more is to come back than one plan holds.
    private(set) var isCut = false

    /// Whether tags or referrers that went with the manifests may lie too far back to be looked at.
    private(set) var mayLackTags = false

    /// The tag that was asked for.
    private var asked: Tag?
    private let trash: TrashLook
    /// Whether each manifest that was looked at is there, or comes back.
    private var seen: [Digest: Bool] = [:]
    /// Tags that were looked at.
    private var named: Set<Tag> = []
    /// What is gone of what the manifest that was asked for names.
    private var gone: [Digest] = []
    /// Those whose followers are to be looked at, and when each was deleted; nil for one that is there.
    private var pending: [(subject: Digest, deleted: UInt64?)] = []
    /// Whether a tag that somebody takes meanwhile stays what it is.
    private var leavesTaken = true

    /// Looks into a repository's trash.
    init(_ trash: TrashLook) {
        self.trash = trash
    }

    // MARK: What is asked for

    /// A manifest, what it names and what went with it, with the tags that went with each; of one that is
    /// there, what went with it and is not back: a restore may have been broken off.
    mutating func add(_ digest: Digest) throws(TrashError) {
        let isLive = try trash.isLive(digest)
        let isTrashed = try trash.trashed(digest) != nil
        if isLive || isTrashed {
            try addWhole(digest)
            let ended = try trash.tagsEnded(with: manifests, live: isLive ? digest : nil)
            for (tag, digest) in ended.tags { try add(tag, of: digest) }
            mayLackTags = mayLackTags || ended.isCut
        }
        guard !manifests.isEmpty || !tags.isEmpty else {
            throw .refused(.notInTrash(digest.description))
        }
    }

    /// What a tag was before what it is, with what belongs to it; `replaces` a value that it has now.
    mutating func add(_ tag: Tag, replaces: Bool) throws(TrashError) {
        let current = try trash.tag(tag)
        guard let before = try trash.valueBefore(current, of: tag) else {
            throw .refused(.notInTrash(tag.description))
        }
        if let current, !replaces { throw .refused(.tagTaken(tag, current)) }
        if try !trash.isLive(before.digest) { try addWhole(before.digest) }
        named.insert(tag)
        asked = tag
        tags.append(Restoration.TagReturn(tag: tag, digest: before.digest, replacing: current))
        leavesTaken = false
    }

    /// What a repository's deletion took, but what is gone of it; as much as fits.
    mutating func add(_ deleted: TrashLook.Deleted) throws(TrashError) {
        isCut = deleted.isCut
        taken = deleted.staying
        for digest in deleted.manifests {
            guard max(manifests.count, seen.count) < RestorePlan.manifestsMax else {
                isCut = true
                break
            }
            if try !visit(digest, depth: 0) { left.append(digest) }
        }
        gone.removeAll()
        for ended in deleted.tags where try isThere(ended.digest) {
            try add(ended.tag, of: ended.digest)
        }
    }

    // MARK: Walking

    /// A manifest with everything it names, then what refers to it and went with it, to any depth.
    ///
    /// What was deleted before it, as a signature that was revoked, stays in the trash.
    private mutating func addWhole(_ digest: Digest) throws(TrashError) {
        guard try visit(digest, depth: 0) else {
            throw .refused(.contentGone(Array(gone.prefix(Decision.namedMax))))
        }
        pending =
            manifests.isEmpty
            ? [(subject: digest, deleted: nil)] : manifests.map(RestorePlan.visited)
        var next = 0
        while next < pending.count {
            let (subject, deleted) = pending[next]
            next += 1
            for follower in try trash.referrers(of: subject) where seen[follower] == nil {
                guard let position = try trash.trashed(follower)?.position,
                    try went(at: position, with: subject, deletedAt: deleted)
                else { continue }
                try follow(follower)
            }
            for tag in subject.companionTags where try trash.tag(tag) == nil {
                guard let before = try trash.valueBefore(nil, of: tag),
                    try went(at: before.ended, with: subject, deletedAt: deleted)
                else { continue }
                try follow(before.digest)
                if try isThere(before.digest) { try add(tag, of: before.digest) }
            }
        }
    }

    private mutating func went(
        at position: UInt64,
        with subject: Digest,
        deletedAt deleted: UInt64?
    ) throws(TrashError) -> Bool {
        let kinship = try trash.went(at: position, with: subject, deletedAt: deleted)
        if kinship == .tooFar { mayLackTags = true }
        return kinship == .together
    }

    private static func visited(_ manifest: TrashedManifest) -> (subject: Digest, deleted: UInt64?)
    {
        (manifest.facts.digest, manifest.position)
    }

    private mutating func follow(_ digest: Digest) throws(TrashError) {
        guard seen[digest] == nil, try !trash.isLive(digest) else { return }
        let count = manifests.count
        if try !visit(digest, depth: 0) { left.append(digest) }
        gone.removeAll()
        pending += manifests[count...].map(RestorePlan.visited)
    }

    /// Takes a manifest in, after those it names; false when something of it is gone.
    private mutating func visit(_ digest: Digest, depth: Int) throws(TrashError) -> Bool {
        if let known = seen[digest] { return known }
        guard depth < Decision.copyDepthMax, seen.count < 2 * RestorePlan.manifestsMax else {
            throw .refused(
                .tooLarge(
                    "too much belongs to it; restore its parts by digest, the innermost first"
                )
            )
        }
        // No manifest can name itself, but what is looked at is not looked at again.
        seen[digest] = false
        guard let manifest = try trash.trashed(digest) else {
            let isLive = try trash.isLive(digest)
            if !isLive { gone.append(digest) }
            seen[digest] = isLive
            return isLive
        }
        var isWhole = try has(digest)
        for reference in manifest.facts.references {
            switch reference.role {
            case .external: break
            case .child:
                if try !visit(reference.digest, depth: depth + 1) { isWhole = false }
            case .config, .layer:
                if try !has(reference.digest) { isWhole = false }
            }
        }
        if isWhole { manifests.append(manifest) }
        seen[digest] = isWhole
        return isWhole
    }

    private mutating func has(_ digest: Digest) throws(TrashError) -> Bool {
        let isThere = try trash.hasContent(digest)
        if !isThere { gone.append(digest) }
        return isThere
    }

    private func isThere(_ digest: Digest) throws(TrashError) -> Bool {
        if let known = seen[digest] { return known }
        return try trash.isLive(digest)
    }

    private mutating func add(_ tag: Tag, of digest: Digest) throws(TrashError) {
        guard named.insert(tag).inserted else { return }
        let current = try trash.tag(tag)
        guard let current else {
            tags.append(Restoration.TagReturn(tag: tag, digest: digest, replacing: nil))
            return
        }
        guard current != digest else { return }
        taken.append(Restored.TakenTag(tag: tag, current: current))
    }

    // MARK: Doing

    /// What is to be put, in one entry after the other: each manifest in one with its tags if they fit, so that
    /// what is left of a restore that is broken off can be found again; a tag that was asked for comes last,
    /// so that asking again does the rest.
    func steps(because reason: String) -> [Restoration] {
        var steps: [Restoration] = []
        var room = Room()
        func begin() {
            steps.append(Restoration(leavesTaken: leavesTaken, reason: reason))
            room = Room()
        }
        func put(_ back: Restoration.TagReturn) {
            if steps.isEmpty || !room.take(RestorePlan.tagBytes) {
                begin()
                _ = room.take(RestorePlan.tagBytes)
            }
            steps[steps.count - 1].tags.append(back)
        }
        let others = tags.filter { $0.tag != asked }
        var tagsOf = Dictionary(grouping: others, by: \.digest)
        for manifest in manifests {
            let own = tagsOf.removeValue(forKey: manifest.facts.digest) ?? []
            let bytes = manifest.facts.stored.count
            let isRoom = room.has(own.count + 1, bytes + own.count * RestorePlan.tagBytes)
            if steps.isEmpty || !isRoom { begin() }
            _ = room.take(bytes)
            steps[steps.count - 1].manifests.append(manifest.facts.digest)
            for back in own { put(back) }
        }
        // Those of manifests that are there.
        for back in others where tagsOf[back.digest] != nil { put(back) }
        for back in tags where back.tag == asked { put(back) }
        return steps
    }

    private static let tagBytes = 512

    /// What an entry may still have.
    private struct Room {
        // With room for the reason.
        var events = Decision.eventsMax - 1
        var bytes = 512 << 10

        /// Whether so many events fit, of so many bytes together.
        func has(_ count: Int, _ size: Int) -> Bool {
            count <= events && size <= bytes
        }

        /// Whether an event of so many bytes fits; one always does.
        mutating func take(_ count: Int) -> Bool {
            let isFirst = events == Decision.eventsMax - 1
            guard events > 0, isFirst || count <= bytes else { return false }
            events -= 1
            bytes -= min(bytes, count)
            return true
        }
    }
}
