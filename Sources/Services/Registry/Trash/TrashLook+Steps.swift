// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension TrashLook {
    /// Entries between two steps of one deletion; steps that lie farther apart are not taken for such.
    private static let entriesBetweenMax: UInt64 = 2000

    /// What was found out of entries, which is asked for again for each follower of an image.
    final class Kinships {
        fileprivate struct Pair: Hashable {
            var position: UInt64
            var manifest: Digest
            var deleted: UInt64?
        }

        fileprivate var known: [Pair: Kinship] = [:]
    }

    /// Whether what ended at one position was deleted with a manifest.
    enum Kinship {
        case together
        case apart
        /// The entries may be steps of one deletion, or of two.
        case tooFar
    }

    /// Whether what ended at a position was deleted with a manifest, which the trash took at another one; nil
    /// for one that is there again, of whose deletions any will do.
    func went(
        at position: UInt64,
        with manifest: Digest,
        deletedAt deleted: UInt64?
    ) throws(TrashError) -> Kinship {
        guard position != deleted else { return .together }
        let pair = Kinships.Pair(position: position, manifest: manifest, deleted: deleted)
        if let known = kinships.known[pair] { return known }
        let found = try kinship(of: position, with: manifest, deletedAt: deleted)
        kinships.known[pair] = found
        return found
    }

    private func kinship(
        of position: UInt64,
        with manifest: Digest,
        deletedAt deleted: UInt64?
    ) throws(TrashError) -> Kinship {
        let events = try events(at: position)
        let took = takes(manifest, events)
        guard let deleted else {
            // Steps of a deletion give a reason, and retention does; who deletes one thing gives none.
            return took || words(events) != nil ? .together : .apart
        }
        // That was another time.
        guard !took else { return .apart }
        let other = try self.events(at: deleted)
        let isOne =
            position < deleted ? areSteps(events, then: other) : areSteps(other, then: events)
        guard isOne else { return .apart }
        let (first, last) = (min(position, deleted), max(position, deleted))
        guard last - first <= TrashLook.entriesBetweenMax else { return .tooFar }
        return try wasThereAnew(manifest, between: first, and: last) ? .apart : .together
    }

    /// Whether a manifest was put again between two entries, or a deletion of the repository ended there: then
    /// they belong to two deletions.
    private func wasThereAnew(
        _ manifest: Digest,
        between first: UInt64,
        and last: UInt64
    ) throws(TrashError) -> Bool {
        for position in (first + 1)..<last {
            let events = try events(at: position)
            let isPut = events.contains { event in
                if case .manifestPut(row.key, let facts) = event {
                    facts.digest == manifest
                } else {
                    false
                }
            }
            let isOfRepository = events.contains { $0.repository == row.key }
            if isPut || isOfRepository && ending(events) == .whole { return true }
        }
        return false
    }

    /// Whether entries say of themselves that they are steps of one deletion: of a repository, of a manifest
    /// with what refers to it, or of an image that retention let go.
    private func areSteps(_ events: [Event], then later: [Event]) -> Bool {
        guard let words = words(events) else { return false }
        switch RepositoryEnding(rawValue: words) {
        case .whole: return false
        case .inPart: return ending(later) != nil
        case nil: break
        }
        // The last step of a manifest's deletion is the one that takes it.
        if let root = DeletionStep.root(words), takes(root, later) { return true }
        return words == self.words(later)
    }

    private func takes(_ manifest: Digest, _ events: [Event]) -> Bool {
        events.contains { event in
            if case .manifestTrashed(row.key, manifest, _, _) = event { true } else { false }
        }
    }

    private func words(_ events: [Event]) -> String? {
        for case .reasonGiven(let words) in events { return words }
        return nil
    }

    private func ending(_ events: [Event]) -> RepositoryEnding? {
        words(events).flatMap { RepositoryEnding(rawValue: $0) }
    }

    func ending(at position: UInt64) throws(TrashError) -> RepositoryEnding? {
        ending(try events(at: position))
    }

    func events(at position: UInt64) throws(TrashError) -> [Event] {
        let stored = try reading { () throws(CatalogError) in
            try view.entries(.region, from: position, limit: 1)
        }.first
        guard let stored, stored.position == position else { return [] }
        do throws(EntryError) {
            return try EntryCodec.decode(stored.bytes).entry.events
        } catch {
            throw .catalog(.damaged("entry \(position) cannot be read: \(error)"))
        }
    }
}
