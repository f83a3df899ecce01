// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Registry
import Retention

extension ControlHandler {
    func retentionPolicies() throws -> Wire.Retention {
        let policies = try retaining { () throws(RetentionError) in try retention.policies() }
        let status = retention.status
        return Wire.Retention(
            policies: policies.map { entry in
                switch entry.policy {
                case .success(let policy):
                    Wire.RetentionPolicy(namespace: entry.namespace, policy: policy.canonical)
                case .failure(let error):
                    Wire.RetentionPolicy(namespace: entry.namespace, problem: "\(error)")
                }
            },
            isRunning: status.isRunning,
            round: status.round.map { Wire.RetentionRound($0) },
            roundSecondsAgo: status.sinceRound.map { Int($0.components.seconds) }
        )
    }

    /// Sets a policy, and tells what the next run will do by it.
    func setRetention(_ query: Query, _ body: any RequestBody) async throws -> Wire.RetentionPlan {
        let namespace = try required(query, "namespace")
        guard let policy = try await policy(body) else {
            throw Wire.Problem(message: "the policy is missing", isRefusal: true)
        }
        try await retaining { () async throws(RetentionError) in
            try await retention.set(policy, for: namespace)
        }
        return try await plan(namespace, policy)
    }

    /// Tells what a run would do, by the policies that are set, or by one that is not set yet.
    func planRetention(_ query: Query, _ body: any RequestBody) async throws -> Wire.RetentionPlan {
        let namespace = try query.value("namespace")
        let policy = try await policy(body)
        guard policy == nil || namespace != nil else {
            throw Wire.Problem(message: "a policy is for a namespace", isRefusal: true)
        }
        return try await plan(namespace, policy)
    }

    func runRetention(_ query: Query) async throws -> Wire.RetentionRound {
        let namespace = try query.value("namespace")
        return Wire.RetentionRound(
            try await retaining { () async throws(RetentionError) in
                try await retention.run(namespace)
            }
        )
    }

    private func plan(
        _ namespace: String?,
        _ policy: Policy?
    ) async throws -> Wire.RetentionPlan {
        var plan = Wire.RetentionPlan(
            images: [],
            removed: 0,
            kept: 0,
            manifests: 0,
            bytes: 0,
            tooLarge: [],
            unreadable: [],
            failed: [],
            unlisted: 0
        )
        var kept: [Wire.RetentionImage] = []
        try await retaining { () async throws(RetentionError) in
            try await retention.plan(
                namespace,
                with: policy,
                left: { left in
                    switch left {
                    case .tooLarge(let name): plan.list(name.description, in: \.tooLarge)
                    case .unreadable(let namespace): plan.list(namespace, in: \.unreadable)
                    case .failed(let failure):
                        plan.list(Wire.RetentionFailure(failure), in: \.failed)
                    }
                },
                { found in plan.add(found, &kept) }
            )
        }
        plan.images += kept.prefix(Wire.pageMax - plan.images.count)
        return plan
    }

    /// A body that is there, as a policy.
    private func policy(_ body: any RequestBody) async throws -> Policy? {
        var bytes: [UInt8] = []
        while let chunk = try await next(body) {
            guard bytes.count + chunk.count <= Policy.sizeMax else {
                throw Wire.Problem(
                    message: "the policy is longer than \(Policy.sizeMax) bytes",
                    isRefusal: true
                )
            }
            bytes += chunk
        }
        guard !bytes.isEmpty else { return nil }
        do throws(PolicyError) { return try Policy.parse(bytes) } catch {
            throw Wire.Problem(message: "\(error)", isRefusal: true)
        }
    }

    private func next(_ body: any RequestBody) async throws(RegistryError) -> [UInt8]? {
        do throws(BodyError) { return try await body.next() } catch { throw .body(error) }
    }

    private func retaining<Answer>(
        _ body: () async throws(RetentionError) -> Answer
    ) async throws(Wire.Problem) -> Answer {
        do throws(RetentionError) { return try await body() } catch { throw Wire.Problem(error) }
    }

    private func retaining<Answer>(
        _ body: () throws(RetentionError) -> Answer
    ) throws(Wire.Problem) -> Answer {
        do throws(RetentionError) { return try body() } catch { throw Wire.Problem(error) }
    }
}

extension Wire.Problem {
    fileprivate init(_ error: RetentionError) {
        switch error {
        case .busy:
            self.init(message: "a run is under way; try again when it is over", isRefusal: true)
        case .namespaceUnknown(let name):
            self.init(message: "there is no namespace '\(name)'", isRefusal: true)
        case .noPolicy(let name):
            self.init(message: "the namespace '\(name)' has no policy", isRefusal: true)
        case .unreadable(let name, let error):
            self.init(
                message: "the policy of '\(name)' cannot be read (\(error)); set it again",
                isRefusal: true
            )
        case .pullsMissed:
            self.init(
                message:
                    "more was pulled today than could be noted, so nobody knows what is in use: run it "
                    + "tomorrow",
                isRefusal: true
            )
        case .registry(let error): self.init(error)
        }
    }
}

extension Wire.RetentionPlan {
    /// Adds to a list of what is left, or counts what it has no room for.
    fileprivate mutating func list<Item>(
        _ item: Item,
        in list: WritableKeyPath<Self, [Item]>
    ) {
        guard self[keyPath: list].count < Wire.pageMax else {
            unlisted += 1
            return
        }
        self[keyPath: list].append(item)
    }

    /// Adds a repository's plan; those that stay are listed behind all that go.
    fileprivate mutating func add(
        _ found: Retention.RepositoryPlan,
        _ kept: inout [Wire.RetentionImage]
    ) {
        let repository = found.repository
        removed += UInt64(found.plan.removed.count)
        self.kept += UInt64(found.plan.kept.count)
        bytes += found.plan.bytes
        for removal in found.plan.removed {
            manifests += UInt64(removal.members.count)
            guard images.count < Wire.pageMax else { continue }
            images.append(Wire.RetentionImage(repository, removal.image, true, removal.reason))
        }
        for image in found.plan.kept.prefix(Wire.pageMax - kept.count) {
            kept.append(
                Wire.RetentionImage(repository, image.image, false, image.standing.sentence)
            )
        }
    }
}

extension Wire.RetentionImage {
    fileprivate init(
        _ repository: RepositoryName,
        _ image: Plan.Image,
        _ goes: Bool,
        _ reason: String
    ) {
        self.init(
            repository: repository.description,
            digest: image.digest.description,
            tags: image.tags.map(\.description),
            goes: goes,
            reason: reason,
            bytes: image.bytes,
            manifests: image.manifests
        )
    }
}

extension Wire.RetentionFailure {
    fileprivate init(_ failure: Retention.Round.Failure) {
        self.init(name: failure.name, cause: failure.cause)
    }
}

extension Wire.RetentionRound {
    fileprivate init(_ round: Retention.Round) {
        self.init(
            repositories: round.repositories,
            images: round.images,
            removed: round.removed,
            partly: round.partly,
            manifests: round.manifests,
            bytes: round.bytes,
            changed: round.changed,
            tooLarge: round.tooLarge.map(\.description),
            unreadable: round.unreadable,
            superseded: round.superseded,
            unlisted: round.unlisted,
            failed: round.failed.map { Wire.RetentionFailure($0) },
            failures: round.failures,
            isBrokenOff: round.isBrokenOff
        )
    }
}
