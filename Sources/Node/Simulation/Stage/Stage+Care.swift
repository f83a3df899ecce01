// SPDX-License-Identifier: Apache-2.0

import Catalog
public import OCI
public import Registry
public import Retention
public import Scrub

/// What takes days, and what an operator has done meanwhile.
extension Stage {
    /// Lets time pass at once, in which the node notes its pulls as its care does.
    public func pass(_ duration: Duration) async throws {
        let registry = try registry
        var failure: RegistryError?
        await timeline.elapse(duration, on: { registry }, failed: { failure = $0 })
        if let failure { throw failure }
    }

    /// Lets days pass at once.
    public func pass(days: Int) async throws {
        try await pass(.seconds(days * 86_400))
    }

    /// Ends what is due.
    @discardableResult public func expire() async throws -> ExpiryRound {
        try await registry.expireDue()
    }

    /// Gives a namespace a policy of these rules, and lets it run there.
    @discardableResult public func retain(
        by rules: [Rule],
        in namespace: String
    ) async throws -> Retention.Round {
        let retention = try running().retention
        try await retention.set(Policy(rules: rules), for: namespace)
        return try await retention.run(namespace)
    }

    /// Reads everything again and hashes it.
    public func scrub() async throws -> Scrub.Round {
        try await running().scrub.runNow {}
    }

    /// Flips a bit in the first byte of the copy that the catalog counts on.
    public func damage(_ digest: Digest) throws {
        let row = try registry.read { view throws(CatalogError) in try view.content(digest) }
        guard let row else { throw StageError.noCopy }
        let path = ContentChecker.path(SimulatedNode.directory, digest, row.generation)
        DiskView(disk, .current).damage(path, at: 0, xor: 1)
        rot.damaged(digest, at: path)
    }
}
