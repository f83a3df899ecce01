// SPDX-License-Identifier: Apache-2.0

import Catalog
import Registry
import Synchronization

/// All checks of a catalog and the platter under it, for whoever runs a node.
final class Inspector: Sendable {
    /// Acknowledgements between two looks at the whole content.
    private static let checksEvery = 24

    private let findings: Findings
    private let disk: SimulatedDisk
    private let contentChecker: ContentChecker
    private let journalChecker: JournalChecker
    private let historyChecker: HistoryChecker
    private let acknowledged = Mutex(0)

    private let rot: Rot

    init(content: Content, findings: Findings, disk: SimulatedDisk, rot: Rot) {
        self.rot = rot
        self.findings = findings
        self.disk = disk
        journalChecker = JournalChecker(findings: findings)
        historyChecker = HistoryChecker(findings: findings)
        contentChecker = ContentChecker(
            content: content,
            findings: findings,
            disk: disk,
            directory: SimulatedNode.directory,
            rot: rot
        )
    }

    /// Everything that can be said of a catalog that was just opened: I2, I4, I11.
    func check(_ catalog: Catalog) throws {
        try disk.sparing {
            try catalog.read { view throws(CatalogError) in
                try journalChecker.check(view)
                try contentChecker.check(view)
            }
            try historyChecker.check(catalog)
        }
    }

    /// I7: what nothing names is gone, once a sweep has ended two epochs later.
    func requireSwept(_ registry: Registry) {
        do throws(RegistryError) {
            try disk.sparing { () throws(RegistryError) in
                try registry.read { view throws(CatalogError) in
                    try contentChecker.requireSwept(view)
                }
            }
        } catch {
            findings.report(Violation(.converges, "the catalog cannot be read: \(error)"))
        }
    }

    /// Notes where the journals stand when a client is told that its change is done.
    func noteAcknowledged(_ catalog: Catalog, whileIs isRunning: () -> Bool) {
        let isDue = acknowledged.withLock { count in
            count += 1
            return count % Inspector.checksEvery == 0
        }
        do throws(CatalogError) {
            let heads = try disk.sparing { () throws(CatalogError) in
                try catalog.read { view throws(CatalogError) in
                    if isDue { try contentChecker.check(view) }
                    return try view.heads()
                }
            }
            journalChecker.acknowledged(at: heads)
        } catch {
            // The machine may stop at any call, this one included; then nothing was acknowledged.
            findings.require(
                !isRunning() || rot.isCatalogDamaged,
                .converges,
                "the catalog cannot be read after a change was acknowledged: \(error)"
            )
        }
    }
}
