// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform

extension Registrar {
    /// Bytes of entries that are read from the sequencer and applied at a time.
    private static let pageBytes = 1 << 20

    /// Brings the catalog to where the sequencer stands, before anything is decided or read from it.
    ///
    /// A catalog whose commits are not synced may have been rolled back by a crash, and another node, or an
    /// append of our own that came late, may have been first. For the one writer alone: at a start, or
    /// between batches.
    public func follow() async throws(RegistryError) {
        guard sequencer.keepsEntries else { return }
        do throws(SequencerError) {
            let target = try await sequencer.heads()
            // The estate's first: no entry of the region comes before its basis.
            for scope in [Scope.estate, .region] {
                try await follow(scope, to: target[scope])
            }
        } catch {
            throw .notReady("the sequencer cannot be followed: \(error)")
        }
    }

    private func follow(
        _ scope: Scope,
        to target: Head
    ) async throws(SequencerError) {
        while let head = try here(scope, before: target) {
            let page = try await sequencer.entries(
                scope,
                from: head.position + 1,
                byteLimit: Registrar.pageBytes
            )
            guard !page.isEmpty else {
                throw .unavailable("it does not give entry \(head.position + 1)")
            }
            do throws(CatalogError) { try apply(page) } catch {
                throw .unavailable("\(error)")
            }
        }
    }

    /// Where the catalog stands if that is before `target`; nil at it.
    ///
    /// Behind, or other than, what this catalog has applied: then the sequencer has lost history, and no
    /// change may be made on either (I11).
    private func here(_ scope: Scope, before target: Head) throws(SequencerError) -> Head? {
        let head: Head
        do throws(CatalogError) {
            head = try catalog.read { view throws(CatalogError) in try view.heads() }[scope]
        } catch {
            throw .unavailable("\(error)")
        }
        guard head != target else { return nil }
        guard head.position < target.position else {
            let reason =
                "the sequencer lost history: its \(scope) journal is at \(target.position) and other "
                + "than the catalog, which is at \(head.position)"
            refuse(reason)
            throw .unavailable(reason)
        }
        return head
    }

    private func apply(_ page: [StoredEntry]) throws(CatalogError) {
        let transaction = try catalog.begin()
        let outcomes: [Outcome]
        do throws(CatalogError) {
            let entries = try transaction.follow(page)
            outcomes = try Registrar.outcomes(of: entries, transaction.view)
        } catch {
            try transaction.rollback()
            throw error
        }
        observer.willCommit(outcomes)
        defer { observer.didEnd(outcomes) }
        do throws(CatalogError) { try transaction.commit() } catch {
            if error.leavesCommitUnknown {
                world.lifeline.halt("the journal could not be synced: \(error)")
            }
            throw error
        }
    }

    /// What the caches have to forget when these entries are committed.
    private static func outcomes(
        of entries: [Entry],
        _ view: CatalogView
    ) throws(CatalogError) -> [Outcome] {
        var outcomes: [Outcome] = []
        for entry in entries {
            for event in entry.events {
                guard let key = event.repository, let namespace = try view.name(of: key.namespace),
                    let name = RepositoryName(
                        key.path.isEmpty ? namespace : "\(namespace)/\(key.path)"
                    )
                else { continue }
                outcomes.append(Outcome(repository: name, events: [event]))
            }
        }
        return outcomes
    }
}
