// SPDX-License-Identifier: Apache-2.0

import Catalog
import OCI
import Platform
import Registry

extension Retention {
    /// Looks at every repository that a policy is about.
    func round(_ namespace: String?) async throws(RetentionError) -> Round {
        try await flush()
        try checkPulls()
        var round = Round()
        for followed in try policies(of: namespace, or: nil) {
            let name = followed.namespace
            guard case .success(let policy) = followed.policy else {
                round.list(name, in: \.unreadable)
                continue
            }
            do throws(RetentionError) {
                try await repositories(of: name) { repository async throws(RetentionError) in
                    try await look(at: repository, (policy, followed.text), &round)
                }
            } catch {
                guard !error.endsRun else { throw error }
                round.note(error, of: name)
            }
        }
        return round
    }

    /// Looks at one repository; that this fails is noted, and the others are looked at all the same.
    private func look(
        at repository: RepositoryName,
        _ policy: (rules: Policy, text: String),
        _ round: inout Round
    ) async throws(RetentionError) {
        guard !Task.isCancelled else {
            round.isBrokenOff = true
            return
        }
        guard round.supersededNow != repository.namespace else { return }
        round.repositories += 1
        do throws(RetentionError) {
            try checkPulls()
            switch try snapshot(of: repository) {
            case .tooLarge: round.list(repository, in: \.tooLarge)
            case .stock(var snapshot): try await tidy(&snapshot, policy, &round)
            }
        } catch {
            guard !error.endsRun else { throw error }
            round.note(error, of: repository.description)
        }
    }

    /// Where some pulls of today could not be noted nobody knows what is in use.
    private func checkPulls() throws(RetentionError) {
        let today = Moment(milliseconds: try now()).dayNumber
        if let missed = registry.pullsMissedDay, missed >= today { throw .pullsMissed }
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
            case .stayed where round.supersededNow == namespace: break
            case .stayed, .unknown: round.changed += 1
            }
            // By another policy it might stay.
            guard round.supersededNow != namespace else { return }
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
            try checkPulls()
            do throws(RegistryError) {
                _ = try await registry.change(snapshot.repository, .retire(step))
            } catch {
                switch error {
                case .refused(.changedSince), .refused(.nameUnknown): break
                case .refused(.policyChanged):
                    round.supersededNow = snapshot.repository.namespace
                    round.list(snapshot.repository.namespace, in: \.superseded)
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

extension RetentionError {
    /// Whether a run or a plan that meets it does not go on with other repositories.
    var endsRun: Bool {
        switch self {
        case .pullsMissed: true
        case .registry(.catalog(let error)): error.isOfClosedCatalog || error.leavesCommitUnknown
        case .busy, .namespaceUnknown, .noPolicy, .unreadable, .registry: false
        }
    }
}

extension Retention.Round {
    fileprivate mutating func note(_ error: RetentionError, of name: String) {
        failures += 1
        guard failed.count < Retention.Round.failedMax else { return }
        failed.append(Failure(name: name, cause: "\(error)"))
    }
}
