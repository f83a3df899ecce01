// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import OCI
import Registry
import Retention
import Scrub
import Sweep
import Synchronization

/// The way an operator's commands reach the node that runs now, as through its socket.
public final class OperatorAccess: Sendable {
    /// The parts of a node that an operator commands.
    struct Node {
        let registry: Registry
        let sweep: Sweep
        let retention: Retention
        let scrub: Scrub
        let blobs: DiskBlobStore
        let isRunning: @Sendable () -> Bool
    }

    private let node = Mutex<Node?>(nil)
    /// What is pulled from the node that runs now.
    let pulls = PullWatch()

    /// Makes an access to no node.
    public init() {}

    func open(_ opened: Node) {
        pulls.beginLife()
        node.withLock { $0 = opened }
    }

    func close() {
        node.withLock { $0 = nil }
    }

    /// The parts of the node that an operator commands, while it runs.
    var current: Node? {
        node.withLock { $0 }
    }
}

extension Client {
    /// Does something to the registry that is no request of the distribution API.
    ///
    /// Returns what refused it, or nil when it was done or when nobody knows.
    private func operate(
        _ what: String,
        _ effects: [Effect],
        _ body: (Registry) async throws(RegistryError) -> Void
    ) async -> (refusal: Refusal, ticket: Ledger.Ticket)? {
        guard let node = access.current, node.isRunning() else { return nil }
        let ticket = ledger.begin(effects, what)
        do throws(RegistryError) {
            try await body(node.registry)
            ledger.end(ticket, node.isRunning() ? .done : .unknown)
            trace.note("\(timeline.stamp) c\(number) \(what) → done")
            findings.count(what)
            return nil
        } catch {
            trace.note("\(timeline.stamp) c\(number) \(what) → \(error)")
            guard case .refused(let refusal) = error, node.isRunning() else {
                ledger.end(ticket, .unknown)
                requireLiveness(false, "'\(what)' failed: \(error)")
                return nil
            }
            ledger.end(ticket, .refused)
            return (refusal, ticket)
        }
    }

    /// Deletes everything a repository has.
    func deleteRepository(_ repository: RepositoryName) async {
        let effects =
            content.tags.map { Effect(.tag(repository, $0), nil) }
            + content.manifests.map { Effect(.manifest(repository, $0.digest), nil) }
            + content.blobs.map { Effect(.blob(repository, $0.digest), nil) }
        let refused = await operate("delete repository", effects) {
            registry throws(RegistryError) in
            try await registry.changeWholly(repository, .deleteRepository)
        }
        guard let refused else { return }
        if case .nameUnknown = refused.refusal { return }
        findings.report(
            Violation(.answers, "deleting \(repository) was refused: \(refused.refusal)")
        )
    }

    /// Copies an image with all it names into another repository, by reference.
    func copyImage(
        _ manifest: Content.Manifest,
        from source: RepositoryName,
        to target: RepositoryName,
        tag: Tag
    ) async {
        guard source != target else { return }
        let all = [manifest] + manifest.children.compactMap { content.manifest($0) }
        var effects = [Effect(.tag(target, tag), manifest.digest)]
        effects += all.map { Effect(.manifest(target, $0.digest), $0.digest) }
        effects += all.flatMap(\.blobs).map { Effect(.blob(target, $0), $0) }
        let refused = await operate("copy image", effects) { registry throws(RegistryError) in
            try await registry.changeWholly(
                target,
                .copyImage(from: source, manifest.digest, tag: tag)
            )
        }
        guard let refused else { return }
        let possible = ledger.possibleValues(
            .manifest(source, manifest.digest),
            foundBy: refused.ticket
        )
        findings.require(
            possible.contains(nil),
            .readYourWrites,
            "copying \(manifest.digest) from \(source) was refused although it is there: "
                + "\(refused.refusal)"
        )
    }

    /// Makes the projection anew while everybody goes on.
    func rebuildCatalog() async {
        let refused = await operate("rebuild catalog", []) { registry throws(RegistryError) in
            try await registry.rebuildCatalog { _, _ in }
        }
        if let refused {
            findings.report(
                Violation(.answers, "a rebuild was refused: \(refused.refusal)")
            )
        }
    }

    /// Raises the epoch as often as it was drawn, and frees what nothing names (I7).
    func sweep(raises: Int) async {
        for _ in 0..<raises {
            _ = await operate("raise epoch", []) { registry throws(RegistryError) in
                try await registry.raiseEpoch()
            }
        }
        guard let node = access.current, node.isRunning() else { return }
        let before = rot?.gone ?? []
        let wasDamaged = rot?.isCatalogDamaged ?? false
        let (damages, failedReads) = (rot?.catalogDamages, rot?.failedReads)
        do throws(SweepError) {
            let round = try await node.sweep.run()
            trace.note("\(timeline.stamp) c\(number) sweep → \(round)")
            findings.count("sweep")
            if round.freed > 0 { findings.count("copy freed", by: Int(round.freed)) }
            let gone = before.union(rot?.gone ?? [])
            let mayFail =
                wasDamaged || damages != rot?.catalogDamages || failedReads != rot?.failedReads
            // A copy stays while the one that the catalog counts on is set aside, or its row is not given.
            findings.require(
                (round.doubted <= gone.count || mayFail)
                    && round.doubts.allSatisfy { doubt in
                        doubt.reason == .mayBeNeeded && gone.contains(doubt.digest)
                            || doubt.reason == .isUnreadable && mayFail
                    }
                    || !node.isRunning(),
                .safeSweep,
                "copies were left although nothing of theirs was set aside: \(round)"
            )
        } catch {
            trace.note("\(timeline.stamp) c\(number) sweep → \(error)")
            requireLiveness(false, "the sweep failed: \(error)")
        }
    }

    /// Reads everything again, past every cache.
    func scrubContent() async {
        guard let node = access.current, node.isRunning() else { return }
        let (before, lying) = (suspects, rot?.lying ?? 0)
        let (wasDamaged, damages) = (rot?.isCatalogDamaged ?? false, rot?.catalogDamages)
        do throws(ScrubError) {
            let round = try await node.scrub.runNow {}
            trace.note("\(timeline.stamp) c\(number) scrub → \(round)")
            if !round.isBrokenOff { findings.count("scrub round finished") }
            // An older copy of what was pushed anew may be damaged still.
            let isSound = round.isSound || round.setAside > 0 && round.setAside <= lying
            requireLiveness(isSound && !round.isBrokenOff, "a scrub at the end: \(round)")
            if round.setAside > 0 { findings.count("copy set aside", by: Int(round.setAside)) }
            // Only rot changes what lies there; one read that fails is no loss.
            findings.require(
                round.setAside <= lying && round.missing <= before.union(suspects).count
                    && (round.catalog.damagedEntries.isEmpty && !round.catalog.needsRebuild
                        || wasDamaged || damages != rot?.catalogDamages)
                    || !node.isRunning(),
                .noDangling,
                "a scrub found damage where there was none: \(round)"
            )
        } catch {
            trace.note("\(timeline.stamp) c\(number) scrub → \(error)")
            requireLiveness(false, "the scrub failed: \(error)")
        }
    }

    /// Compares names and content, every byte.
    func verifyContent() async {
        _ = await operate("verify content", []) { registry throws(RegistryError) in
            var unexplained = try await unexplainedLosses(registry)
            // A copy that could not be read once counts as damaged; a life has one such read.
            if !unexplained.isEmpty {
                unexplained.formIntersection(try await unexplainedLosses(registry))
            }
            findings.require(
                unexplained.isEmpty || !isServing,
                .noDangling,
                "two verifications found missing or damaged \(unexplained.sorted())"
            )
        }
    }

    /// What a comparison finds missing or damaged although the disk has lost nothing of it.
    private func unexplainedLosses(
        _ registry: Registry
    ) async throws(RegistryError) -> Set<Digest> {
        let before = suspects
        let report = try await registry.verifyContent(deep: true) { _, _ in }
        // What is pushed while the comparison runs is neither missing nor damaged.
        return Set(report.missing + report.damaged).subtracting(before).subtracting(suspects)
    }

    /// What may be damaged or gone, now.
    private var suspects: Set<Digest> { Set(rot?.suspects ?? []) }

    private var isServing: Bool { access.current?.isRunning() ?? false }
}
