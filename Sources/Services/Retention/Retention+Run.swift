// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform
import Registry

extension Retention {
    /// Looks at every repository that a policy is about.
    func round(_ namespace: String?) async throws(RetentionError) -> Round {
        try await flush()
        let today = Moment(milliseconds: try now()).dayNumber
        if let missed = registry.pullsMissedDay, missed >= today { throw .pullsMissed }
        var round = Round()
        for followed in try policies(of: namespace, or: nil) {
            let name = followed.namespace
            guard case .success(let policy) = followed.policy else {
                round.unreadable.append(name)
                continue
            }
            try await repositories(of: name) { repository async throws(RetentionError) in
                guard !Task.isCancelled else {
                    round.isBrokenOff = true
                    return
                }
                guard round.superseded.last != name else { return }
                round.repositories += 1
                switch try snapshot(of: repository) {
                case .tooLarge: round.tooLarge.append(repository)
                case .stock(var snapshot):
                    try await tidy(&snapshot, (policy, followed.text), &round)
                }
            }
        }
        return round
    }

    private func tidy(
        _ snapshot: inout Snapshot,
        _ policy: (rules: Policy, text: String),
        _ round: inout Round
    ) async throws(RetentionError) {
        let plan = try plan(snapshot, policy.rules)
        let namespace = snapshot.repository.namespace
        round.images += UInt64(plan.kept.count + plan.removed.count)
        for removal in plan.removed {
            guard !Task.isCancelled else {
                round.isBrokenOff = true
                return
            }
            switch try await observed(removal, of: &snapshot, by: policy.text, &round) {
            case .removed:
                round.removed += 1
                round.bytes += removal.image.bytes
                count(removal)
            case .partly: round.partly += 1
            case .stayed where round.superseded.last == namespace: break
            case .stayed, .unknown: round.changed += 1
            }
            // By another policy it might stay.
            guard round.superseded.last != namespace else { return }
        }
    }

    private func observed(
        _ removal: Plan.Removal,
        of snapshot: inout Snapshot,
        by policy: String,
        _ round: inout Round
    ) async throws(RetentionError) -> Ending {
        let removed = Removed(repository: snapshot.repository, removal: removal)
        observer.willRemove(removed)
        do throws(RetentionError) {
            let ending = try await remove(removal, of: &snapshot, by: policy, &round)
            observer.didEnd(removed, ending)
            return ending
        } catch {
            observer.didEnd(removed, .unknown)
            throw error
        }
    }

    /// Submits what goes, in as many entries as it needs, until something is not as it was any more.
    private func remove(
        _ removal: Plan.Removal,
        of snapshot: inout Snapshot,
        by policy: String,
        _ round: inout Round
    ) async throws(RetentionError) -> Ending {
        var gone = 0
        for step in removal.steps(snapshot, by: policy) {
            // Whoever was answered before this protects what he pulled.
            try await flush()
            do throws(RegistryError) {
                _ = try await registry.change(snapshot.repository, .retire(step))
            } catch {
                switch error {
                case .refused(.changedSince), .refused(.nameUnknown): break
                case .refused(.policyChanged):
                    round.superseded.append(snapshot.repository.namespace)
                default: throw .registry(error)
                }
                return gone == 0 ? .stayed : .partly(manifests: gone)
            }
            gone += step.members.count
            round.manifests += UInt64(step.members.count)
            snapshot.follow(step, of: removal)
        }
        return .removed
    }
}
