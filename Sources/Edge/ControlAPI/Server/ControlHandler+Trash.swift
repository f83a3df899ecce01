// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTP
import Journal
import OCI
import Platform
import Registry
import Sweep

extension ControlHandler {
    func trash(_ query: Query) throws -> Wire.Trash {
        let limit = Wire.pageMax
        let after = try query.value("after").map(number) ?? 0
        let found = try registry.trashedRepositories(after: after, limit: limit)
        return Wire.Trash(
            repositories: found.map { row in
                Wire.TrashedRepository(
                    name: row.name.description,
                    manifests: row.manifests,
                    tags: row.tags
                )
            },
            next: found.count == limit ? found.last.map { "\($0.number)" } : nil
        )
    }

    func trashedManifests(_ query: Query) throws -> Wire.TrashedManifests {
        let (name, limit) = (try repository(try required(query, "repository")), Wire.pageMax)
        let after = try query.value("after").map(digest)
        guard let page = try registry.trash(name, after: after, limit: limit) else {
            throw Wire.Problem(RegistryError.refused(.nameUnknown(name)))
        }
        return Wire.TrashedManifests(
            manifests: page.map { manifest in
                Wire.TrashedManifest(
                    digest: manifest.facts.digest.description,
                    mediaType: manifest.facts.mediaType,
                    size: manifest.facts.size,
                    subject: manifest.facts.subject?.description,
                    deleted: manifest.stamp.milliseconds,
                    until: manifest.until,
                    position: manifest.position
                )
            },
            next: page.count == limit ? page.last?.facts.digest.description : nil
        )
    }

    func trashedTags(_ query: Query) throws -> Wire.TrashedTags {
        let name = try repository(try required(query, "repository"))
        let after = try query.value("after").map(endedTag)
        guard let page = try registry.trashedTags(name, after: after, limit: Wire.pageMax) else {
            throw Wire.Problem(RegistryError.refused(.nameUnknown(name)))
        }
        return Wire.TrashedTags(
            tags: page.tags.map { ended in
                Wire.TrashedTag(
                    tag: ended.tag.description,
                    digest: ended.digest.description,
                    isDeleted: ended.isDeleted,
                    ended: ended.stamp.milliseconds,
                    position: ended.position
                )
            },
            next: page.next.map { "\($0.position).\($0.ordinal).\($0.tag)" }
        )
    }

    func restore(_ query: Query) async throws -> Wire.Restored {
        let name = try repository(try required(query, "repository"))
        let restored = try await registry.restore(
            name,
            try reference(try required(query, "reference")),
            force: try query.value("force") != nil,
            because: try reason(query) ?? "restored by command"
        )
        return Wire.Restored(restored, of: name)
    }

    func restoreRepository(_ query: Query) async throws -> Wire.Restored {
        let name = try repository(try required(query, "repository"))
        let restored = try await registry.restoreRepository(
            name,
            because: try reason(query) ?? "repository restored by command"
        )
        return Wire.Restored(restored, of: name)
    }

    func purge(_ query: Query) async throws -> Wire.Purged {
        let name = try repository(try required(query, "repository"))
        let digest = try digest(try required(query, "digest"))
        let until = try await registry.purge(
            name,
            digest,
            now: try query.value("now") != nil,
            because: try reason(query) ?? "purged by command"
        )
        return Wire.Purged(
            digest: digest.description,
            linksUntil: until,
            goneBy: sweep.status.isPaused ? nil : goneBy(linksUntil: until)
        )
    }

    /// About when what loses its last name with those links has been freed: a copy goes when the epoch has
    /// risen twice since, and then rounds take their time.
    private func goneBy(linksUntil: UInt64?) -> UInt64? {
        guard let begin = linksUntil ?? registry.expiryReading else { return nil }
        let facts = facts()
        var wait = facts.sweepInterval * 2
        if linksUntil != nil { wait += facts.expiryInterval }
        return begin
            + UInt64(clamping: wait.components.seconds) * 1000
    }

    func clock() throws -> Wire.Clock {
        Wire.Clock(time: try registry.expiryNow(), ahead: registry.clockAhead)
    }

    func acceptClock() async throws -> Wire.Clock {
        try await registry.acceptClock()
        return try clock()
    }

    // MARK: Reading parameters

    /// The operator's words, which stand in the entry.
    private func reason(_ query: Query) throws -> String? {
        guard let words = try query.value("reason") else { return nil }
        guard (1...Wire.reasonMax).contains(words.utf8.count) else {
            throw Wire.Problem(
                message: "a reason has 1 to \(Wire.reasonMax) bytes",
                isRefusal: true
            )
        }
        return words
    }

    private func digest(_ text: String) throws -> Digest {
        guard let digest = Digest(text) else {
            throw Wire.Problem(message: "'\(text)' is not a digest", isRefusal: true)
        }
        return digest
    }

    private func number(_ text: String) throws -> Int64 {
        guard let number = Int64(text), number >= 0 else { throw ControlHandler.noPlace(text) }
        return number
    }

    /// A tag's value, as `next` has it.
    private func endedTag(
        _ text: String
    ) throws -> (tag: String, position: UInt64, ordinal: UInt64) {
        let parts = text.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, let position = UInt64(parts[0]), let ordinal = UInt64(parts[1])
        else { throw ControlHandler.noPlace(text) }
        return (String(parts[2]), position, ordinal)
    }

    private static func noPlace(_ text: String) -> Wire.Problem {
        Wire.Problem(message: "'\(text)' is no place to go on from", isRefusal: true)
    }
}

extension Wire.Restored {
    fileprivate init(_ restored: Restored, of name: RepositoryName) {
        let parts = [
            "\(restored.manifests.count) manifests and \(restored.tags.count) tags of '\(name)' are back",
            restored.taken.isEmpty ? nil : "\(restored.taken.count) tags are something else now",
            restored.left.isEmpty
                ? nil : "\(restored.left.count) manifests lack content that is gone",
            restored.mayLackTags
                ? "more tags or signatures may have gone with them, too far off to be looked for: "
                    + "'breakwater trash list \(name)' shows them" : nil,
        ]
        self.init(
            summary: parts.compactMap { $0 }.joined(separator: "; "),
            manifests: restored.manifests.prefix(Wire.pageMax).map(\.description),
            tags: restored.tags.prefix(Wire.pageMax).map(\.tag.description),
            taken: restored.taken.prefix(Wire.pageMax).map { taken in
                Wire.TakenTag(tag: taken.tag.description, digest: taken.current.description)
            },
            left: restored.left.prefix(Wire.pageMax).map(\.description),
            mayLackTags: restored.mayLackTags
        )
    }
}
