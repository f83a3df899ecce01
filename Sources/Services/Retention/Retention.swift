// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
public import OCI
public import Platform
public import Registry
import Synchronization

/// Keeps what each namespace's policy keeps, and puts the rest into the trash.
///
/// A plan is made of one snapshot of a repository; each of its images goes by an entry of its own, which is
/// decided at the head: what was pushed, tagged or pulled since the snapshot stays. What this is not for:
/// what becomes of the trash, and of bytes.
public final class Retention: Sendable {
    /// What bounds it.
    public struct Options: Sendable {
        /// Manifests of a repository; one with more is left as it is, and told.
        ///
        /// Default 250,000: about 200 MB while it is planned.
        public var manifestsMax = 250_000
        /// Manifests that may not go, whatever a policy says.
        public var locked: @Sendable (RepositoryName) -> Set<Digest> = { _ in [] }
        /// Makes the default options.
        public init() {}
    }

    let registry: Registry
    let clocks: any Clocks
    let options: Options
    let observer: Observer
    private let memory = Mutex(Memory())

    private struct Memory {
        var isRunning = false
        var round: Round?
        var endedAt: Duration?
        var removed: UInt64 = 0
        var removedBytes: UInt64 = 0
        var failed: UInt64 = 0
    }

    /// Makes the retention of a registry.
    public init(
        registry: Registry,
        clocks: any Clocks,
        options: Options = Options(),
        observer: Observer
    ) {
        self.registry = registry
        self.clocks = clocks
        self.options = options
        self.observer = observer
    }

    /// Where it stands.
    public var status: Status {
        let now = clocks.monotonic()
        return memory.withLock { memory in
            Status(
                isRunning: memory.isRunning,
                round: memory.round,
                sinceRound: memory.endedAt.map { now - $0 },
                removed: memory.removed,
                removedBytes: memory.removedBytes,
                failed: memory.failed
            )
        }
    }

    /// Sets a namespace's policy in the place of the one before; one without rules is none.
    public func set(_ policy: Policy, for namespace: String) async throws(RetentionError) {
        let name = try existing(namespace)
        let text = policy.rules.isEmpty ? "" : policy.canonical
        try await registering { () async throws(RegistryError) in
            _ = try await registry.change(name, .setRetentionPolicy(text))
        }
    }

    /// What a run would do now, repository by repository; with a policy, what it would do were that one set.
    ///
    /// `left` is told of what a run leaves as it is, and of what fails, which keeps nothing else from being planned; a
    /// policy that was asked for must be one that can be read.
    public func plan(
        _ namespace: String?,
        with policy: Policy? = nil,
        left: (Left) -> Void,
        _ each: (RepositoryPlan) -> Void
    ) async throws(RetentionError) {
        // What cannot be written now protects nothing, but a plan ends nothing either.
        do throws(RetentionError) { try await flush() } catch {
            guard case .registry(.notReady) = error else { throw error }
        }
        for followed in try policies(of: namespace, or: policy) {
            let name = followed.namespace
            guard let policy = try followed.policy.get(or: name, ifAsked: namespace) else {
                left(.unreadable(name))
                continue
            }
            do throws(RetentionError) {
                try await repositories(of: name) { repository throws(RetentionError) in
                    do throws(RetentionError) {
                        try plan(of: repository, by: policy, left: left, each)
                    } catch {
                        guard !error.endsRun else { throw error }
                        left(
                            .failed(Round.Failure(name: repository.description, cause: "\(error)"))
                        )
                    }
                }
            } catch {
                guard !error.endsRun else { throw error }
                left(.failed(Round.Failure(name: name, cause: "\(error)")))
            }
        }
    }

    private func plan(
        of repository: RepositoryName,
        by policy: Policy,
        left: (Left) -> Void,
        _ each: (RepositoryPlan) -> Void
    ) throws(RetentionError) {
        switch try snapshot(of: repository) {
        case .tooLarge: left(.tooLarge(repository))
        case .stock(let snapshot):
            each(RepositoryPlan(repository: repository, plan: try plan(snapshot, policy)))
        }
    }

    /// Puts into the trash what the policies let go: of one namespace, or of all.
    public func run(_ namespace: String? = nil) async throws(RetentionError) -> Round {
        let mayRun = memory.withLock { memory in
            defer { memory.isRunning = true }
            return !memory.isRunning
        }
        guard mayRun else { throw .busy }
        let outcome: Result<Round, RetentionError>
        do throws(RetentionError) { outcome = .success(try await round(namespace)) } catch {
            outcome = .failure(error)
        }
        let now = clocks.monotonic()
        memory.withLock { memory in
            memory.isRunning = false
            switch outcome {
            case .success(let round) where !round.isBrokenOff:
                (memory.round, memory.endedAt) = (round, now)
                if round.failures > 0 { memory.failed += 1 }
            case .success: break
            case .failure: memory.failed += 1
            }
        }
        return try outcome.get()
    }

    /// Counts an image that went.
    func count(_ removal: Plan.Removal) {
        memory.withLock { memory in
            memory.removed += 1
            memory.removedBytes += removal.image.bytes
        }
    }

    func plan(
        _ snapshot: Snapshot,
        _ policy: Policy
    ) throws(RetentionError) -> Plan {
        let planner = Planner(
            policy: policy,
            now: try now(),
            locked: options.locked(snapshot.repository)
        )
        return planner.plan(snapshot.stocks, path: snapshot.repository.path)
    }

    func now() throws(RetentionError) -> UInt64 {
        do throws(RegistryError) { return try registry.expiryNow() } catch {
            throw .registry(error)
        }
    }

    func flush() async throws(RetentionError) {
        try await registering { () async throws(RegistryError) in
            try await registry.flushPulls()
        }
    }

    private func registering(
        _ body: () async throws(RegistryError) -> Void
    ) async throws(RetentionError) {
        do throws(RegistryError) { try await body() } catch { throw .registry(error) }
    }
}

extension Result where Success == Policy, Failure == PolicyError {
    /// The policy of `namespace`; nil for one that cannot be read, unless that one was asked for.
    fileprivate func get(
        or namespace: String,
        ifAsked asked: String?
    ) throws(RetentionError) -> Policy? {
        switch self {
        case .success(let policy): return policy
        case .failure(let error):
            guard asked == nil else { throw .unreadable(namespace, error) }
            return nil
        }
    }
}
