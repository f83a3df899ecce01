// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform

/// What a round of expiry came to.
public struct ExpiryRound: Sendable {
    /// Links that ended.
    public var links: UInt64 = 0
    /// Manifests that the trash let go of.
    public var trash: UInt64 = 0
    /// Why some of what is due was not ended: the first failure of each kind.
    public var failures: [RegistryError] = []
}

extension Registry {
    /// Due things that are ended in one step.
    private static let expiryPage = 200
    /// Steps of a round; what is left then is done by the next one.
    private static let expiryStepsMax = 5000
    /// Repositories that are passed in a round because they cannot be changed; one more ends it.
    private static let expiryFailedMax = 100
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
    /// Links of which no entry said when they end, as those of earlier versions, are given a time. A repository
    /// that cannot be changed, or a row that cannot be read, keeps no other from it, and is told in the end.
    public func expireDue() async throws(RegistryError) -> ExpiryRound {
        var round = ExpiryRound()
        let time = try expiryNow()
        let horizon = try read { view throws(CatalogError) in try view.horizon() }
        let step = clockAhead == nil ? Registry.horizonEvery : Registry.horizonEveryBehind
        if time >= horizon + step {
            try await change(.canary, .raiseHorizon(to: time))
        }
        round.links = try await end(&round.failures) { view, last throws(CatalogError) in
            try view.dueLinks(by: time, after: last, limit: Registry.expiryPage)
        } by: {
            .endLinks($0, by: time)
        }
        round.trash = try await end(&round.failures) { view, last throws(CatalogError) in
            try view.dueTrash(by: time, after: last, limit: Registry.expiryPage)
        } by: {
            .emptyTrash($0, by: time)
        }
        return round
    }

    /// Ends page after page of what is due, and returns how much of it had a time.
    private func end(
        _ failures: inout [RegistryError],
        _ page: (CatalogView, DuePlace?) throws(CatalogError) -> DuePage,
        by action: ([Digest]) -> Change.Action
    ) async throws(RegistryError) -> UInt64 {
        var (ended, last): (UInt64, DuePlace?) = (0, nil)
        var failed: Set<RepositoryKey> = []
        var (unreadable, unchanged): (RegistryError?, RegistryError?)
        defer { failures += [unreadable, unchanged].compactMap(\.self) }
        for _ in 0..<Registry.expiryStepsMax {
            let found = try read { view throws(CatalogError) in try page(view, last) }
            if let sentence = found.unreadable {
                unreadable = unreadable ?? .catalog(.damaged(sentence))
            }
            for (key, ends) in Registry.byRepository(found.due) where !failed.contains(key) {
                do throws(RegistryError) {
                    try await change(try expiring(key), action(ends.map(\.digest)))
                    ended += UInt64(ends.count { $0.expires > 0 })
                } catch {
                    if Registry.isOfAll(error) || failed.count == Registry.expiryFailedMax {
                        throw error
                    }
                    failed.insert(key)
                    unchanged = unchanged ?? error
                }
            }
            last = found.next
            guard last != nil else { break }
            do throws(CancellationError) {
                try await world.clocks.sleep(for: Registry.expiryPause)
            } catch { break }
        }
        return ended
    }

    /// Whether no repository can be changed.
    private static func isOfAll(_ error: RegistryError) -> Bool {
        switch error {
        case .notReady, .overloaded: true
        default: false
        }
    }

    private static func byRepository(_ due: [Due]) -> [(key: RepositoryKey, due: [Due])] {
        var groups: [(key: RepositoryKey, due: [Due])] = []
        for next in due.sorted(by: { $0.repository < $1.repository }) {
            if groups.last?.key == next.repository {
                groups[groups.count - 1].due.append(next)
            } else {
                groups.append((next.repository, [next]))
            }
        }
        return groups
    }

    /// The name of a repository of which something is due.
    private func expiring(_ key: RepositoryKey) throws(RegistryError) -> RepositoryName {
        let name = try read { view throws(CatalogError) in try view.name(of: key) }
        guard let name else {
            throw .catalog(
                .damaged("a repository's namespace has no name; run 'catalog rebuild'")
            )
        }
        return name
    }
}
