// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
public import OCI
import Platform

extension Registry {
    /// Times a restore is planned anew because the repository changed meanwhile.
    private static let restoreAttemptsMax = 3

    /// Takes a manifest back by digest, or what a tag was by the tag, with all that belongs to it; `force`
    /// lets the tag be something else now.
    public func restore(
        _ repository: RepositoryName,
        _ reference: Reference,
        force: Bool = false,
        because reason: String
    ) async throws(RegistryError) -> Restored {
        try await restore(repository, because: reason) { plan, _ throws(TrashError) in
            switch reference {
            case .digest(let digest): try plan.add(digest)
            case .tag(let tag): try plan.add(tag, replaces: force)
            }
        }.restored
    }

    /// Takes back what the newest deletion of the repository took.
    public func restoreRepository(
        _ repository: RepositoryName,
        because reason: String
    ) async throws(RegistryError) -> Restored {
        var restored = Restored()
        var isFirst = true
        while true {
            // What cannot come back would be found again and again.
            let left = Set(restored.left)
            let mustFind = isFirst
            let round = try await restore(repository, because: reason) {
                plan,
                look throws(TrashError) in
                let deleted = try look.deletedWithRepository(besides: left)
                if mustFind, deleted.isEmpty {
                    throw .refused(.notInTrash(repository.description))
                }
                try plan.add(deleted)
            }
            isFirst = false
            restored.add(round.restored)
            guard round.isCut else { return restored }
            if round.restored.isEmpty, restored.left.count == left.count {
                restored.mayLackTags = true
                return restored
            }
        }
    }

    /// Does what is planned, and adds up what came back, also where the plan had to be made anew; and whether
    /// there is more than one plan holds.
    private func restore(
        _ repository: RepositoryName,
        because reason: String,
        _ fill: (inout RestorePlan, TrashLook) throws(TrashError) -> Void
    ) async throws(RegistryError) -> (restored: Restored, isCut: Bool) {
        var restored = Restored()
        var attempts = Registry.restoreAttemptsMax
        while true {
            let plan: RestorePlan
            do throws(RegistryError) { plan = try await self.plan(repository, fill) } catch {
                // Somebody else has done the rest.
                if case .refused(.notInTrash) = error, !restored.isEmpty {
                    return (restored, false)
                }
                throw error
            }
            restored.add(
                Restored(taken: plan.taken, left: plan.left, mayLackTags: plan.mayLackTags)
            )
            do throws(RegistryError) {
                for step in plan.steps(because: reason) {
                    restored.add(try await put(step, in: repository))
                }
                return (restored, plan.isCut)
            } catch {
                attempts -= 1
                guard attempts > 0, error.comesFromRace else { throw error }
            }
        }
    }

    /// Puts one step, and returns what its entry put.
    private func put(
        _ step: Restoration,
        in repository: RepositoryName
    ) async throws(RegistryError) -> Restored {
        let id = Identifier(from: world.random)
        let position = try await change(repository, .restore(step), id: id).position
        let events = try events(at: position, of: id)
        var restored = Restored()
        var put: Set<Tag> = []
        for event in events {
            switch event {
            case .manifestPut(_, let facts): restored.manifests.append(facts.digest)
            case .tagPut(_, let tag, _): put.insert(tag)
            default: break
            }
        }
        restored.tags = step.tags.filter { put.contains($0.tag) }
        let others = step.tags.filter { !put.contains($0.tag) }
        guard !others.isEmpty else { return restored }
        restored.taken = try read { view throws(CatalogError) -> [Restored.TakenTag] in
            var taken: [Restored.TakenTag] = []
            guard let row = try view.repository(repository) else { return taken }
            for back in others {
                guard let current = try view.tag(row.number, back.tag), current != back.digest
                else { continue }
                taken.append(Restored.TakenTag(tag: back.tag, current: current))
            }
            return taken
        }
        return restored
    }

    /// The events of a change's entry; none when it came to nothing, for then what stands there is another's.
    private func events(
        at position: UInt64,
        of id: Identifier
    ) throws(RegistryError) -> [Event] {
        let stored = try read { view throws(CatalogError) in
            try view.entries(.region, from: position, limit: 1)
        }.first
        guard let stored, stored.position == position else { return [] }
        do throws(EntryError) {
            let entry = try EntryCodec.decode(stored.bytes).entry
            return entry.id == id ? entry.events : []
        } catch {
            throw .catalog(.damaged("entry \(position) cannot be read: \(error)"))
        }
    }

    /// Plans until the store has a copy of everything that is to come back.
    private func plan(
        _ repository: RepositoryName,
        _ fill: (inout RestorePlan, TrashLook) throws(TrashError) -> Void
    ) async throws(RegistryError) -> RestorePlan {
        let since = try trashBegins()
        var lost: Set<Digest> = []
        var known: Set<Digest> = []
        while true {
            let plan = try planned(repository, since: since, lost: lost, fill)
            let before = lost.count
            for manifest in plan.manifests {
                let blobs = manifest.facts.references.filter(\.role.isBlob).map(\.digest)
                for digest in [manifest.facts.digest] + blobs
                where known.insert(digest).inserted {
                    if try await !hasCopy(digest) { lost.insert(digest) }
                }
            }
            if lost.count == before { return plan }
        }
    }

    private func planned(
        _ repository: RepositoryName,
        since: UInt64,
        lost: Set<Digest>,
        _ fill: (inout RestorePlan, TrashLook) throws(TrashError) -> Void
    ) throws(RegistryError) -> RestorePlan {
        let result = try read { view throws(CatalogError) -> Result<RestorePlan, Refusal> in
            guard let row = try view.repository(repository) else {
                return .failure(.nameUnknown(repository))
            }
            let look = TrashLook(view: view, row: row, since: since, lost: lost)
            var plan = RestorePlan(look)
            do throws(TrashError) { try fill(&plan, look) } catch {
                switch error {
                case .refused(let refusal): return .failure(refusal)
                case .catalog(let error): throw error
                }
            }
            return .success(plan)
        }
        do throws(Refusal) { return try result.get() } catch { throw .refused(error) }
    }
}

extension RegistryError {
    /// Whether a plan that is made anew may fare better.
    fileprivate var comesFromRace: Bool {
        switch self {
        case .refused(.tagTaken), .refused(.notInTrash), .refused(.contentGone): true
        default: false
        }
    }
}
