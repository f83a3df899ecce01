// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform

/// What a round of expiry came to.
public struct ExpiryRound: Hashable, Sendable {
    /// Links that ended.
    public var links: UInt64 = 0
    /// Manifests that the trash let go of.
    public var trash: UInt64 = 0
}

extension Registry {
    /// Due things that are ended in one step.
    private static let expiryPage = 200
    /// Steps of a round; what is left then is done by the next one.
    private static let expiryStepsMax = 5000
    /// Between two steps, so that those who push are not kept waiting.
    private static let expiryPause = Duration.milliseconds(100)
    /// How often the horizon is raised where nothing is due, in milliseconds, so that a node that starts
    /// knows what time it was.
    private static let horizonEvery: UInt64 = 6 * 3_600_000
    /// The same while the clock is behind the wall clock: a node that never runs for long would begin at
    /// the same time again and again.
    private static let horizonEveryBehind: UInt64 = 900_000

    /// What the expiry clock shows, in milliseconds since 1970.
    public func expiryNow() throws(RegistryError) -> UInt64 {
        expiryClock.now(horizon: try read { view throws(CatalogError) in try view.horizon() })
    }

    /// The same, as memory has it; nil before it was first looked at.
    public var expiryReading: UInt64? { expiryClock.reading }

    /// How far the wall clock is ahead of the expiry clock while it is not believed, in milliseconds.
    public var clockAhead: UInt64? { expiryClock.ahead }

    /// Believes the wall clock again after a jump, and returns the time up to which what ends may end now.
    @discardableResult
    public func acceptClock() async throws(RegistryError) -> UInt64 {
        let horizon = try read { view throws(CatalogError) in try view.horizon() }
        let time = expiryClock.accept(horizon: horizon)
        try await change(.canary, .raiseHorizon(to: time))
        return time
    }

    /// Ends what is due: links that no manifest names, and what the trash has kept for its time.
    ///
    /// Links of which no entry said when they end, as those of earlier versions, are given a time.
    public func expireDue() async throws(RegistryError) -> ExpiryRound {
        var round = ExpiryRound()
        let time = try expiryNow()
        let horizon = try read { view throws(CatalogError) in try view.horizon() }
        let step = clockAhead == nil ? Registry.horizonEvery : Registry.horizonEveryBehind
        if time >= horizon + step {
            try await change(.canary, .raiseHorizon(to: time))
        }
        round.links = try await end { view throws(CatalogError) in
            try view.dueLinks(by: time, limit: Registry.expiryPage)
        } by: {
            .endLinks($0, by: time)
        }
        round.trash = try await end { view throws(CatalogError) in
            try view.dueTrash(by: time, limit: Registry.expiryPage)
        } by: {
            .emptyTrash($0, by: time)
        }
        return round
    }

    /// Ends page after page of what is due, and returns how much of it had a time.
    private func end(
        _ page: (CatalogView) throws(CatalogError) -> [Due],
        by action: ([Digest]) -> Change.Action
    ) async throws(RegistryError) -> UInt64 {
        var ended: UInt64 = 0
        for _ in 0..<Registry.expiryStepsMax {
            let due = try due(page)
            for (repository, ends) in due {
                try await change(repository, action(ends.map(\.digest)))
                ended += UInt64(ends.count { $0.expires > 0 })
            }
            guard due.reduce(0, { $0 + $1.1.count }) == Registry.expiryPage else { break }
            do throws(CancellationError) {
                try await world.clocks.sleep(for: Registry.expiryPause)
            } catch { break }
        }
        return ended
    }

    /// A page of what is due, by repository.
    private func due(
        _ page: (CatalogView) throws(CatalogError) -> [Due]
    ) throws(RegistryError) -> [(RepositoryName, [Due])] {
        try read { view throws(CatalogError) in
            var groups: [(key: RepositoryKey, due: [Due])] = []
            for due in try page(view).sorted(by: { $0.repository < $1.repository }) {
                if groups.last?.key == due.repository {
                    groups[groups.count - 1].due.append(due)
                } else {
                    groups.append((due.repository, [due]))
                }
            }
            var named: [(RepositoryName, [Due])] = []
            for group in groups {
                guard let name = try view.name(of: group.key) else {
                    throw .damaged("a repository's namespace has no name; run 'catalog rebuild'")
                }
                named.append((name, group.due))
            }
            return named
        }
    }
}
