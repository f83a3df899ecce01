// SPDX-License-Identifier: Apache-2.0

import Platform
import SQLite

extension FaultDriver {
    /// The most places of the catalog's file that are damaged at the beginning of one life.
    private static let placesMax = 8
    private static let catalog = "\(SimulatedNode.directory)/catalog.db"

    /// The most operations of a life that begin before its catalog is damaged.
    private static let operationsMax = 30

    /// Damages the catalog before it is opened, in half of the lives, or while it serves, in a quarter.
    func planCatalogRot(_ generator: inout SeededGenerator) {
        guard generator.chance(3, in: 4) else { return }
        guard generator.chance(1, in: 3) else { return rotCatalogOrLog(&generator) }
        let (count, drawn) = (generator.within(1...FaultDriver.operationsMax), generator)
        fuse.damage(afterOperations: count) { [self] in
            guard !disk.isDown else { return }
            var generator = drawn
            rotCatalog(&generator)
            if rot.wasCatalogDamaged { findings.count("catalog damaged while it serves") }
        }
    }

    /// Damages a few places of the catalog's file, or one of what its WAL holds for good: a bit flips, or a
    /// sector cannot be read any more.
    private func rotCatalogOrLog(_ generator: inout SeededGenerator) {
        let settled = settledLog()
        guard settled.isEmpty || generator.chance(1, in: 2) else {
            return rotLog(settled, &generator)
        }
        rotCatalog(&generator)
    }

    private func rotCatalog(_ generator: inout SeededGenerator) {
        guard let size = DiskView(disk, .current).bytes(at: FaultDriver.catalog)?.count, size > 0
        else { return }
        for _ in 0..<generator.within(1...FaultDriver.placesMax) {
            damageCatalog(FaultDriver.catalog, at: generator.below(size), &generator)
        }
    }

    private func damageCatalog(
        _ path: String,
        at offset: Int,
        _ generator: inout SeededGenerator
    ) {
        damage(path, at: offset, &generator)
        rot.damagedCatalog()
        findings.count("fault \(FaultKind.catalogRot.rawValue)")
    }

    private func rotLog(_ settled: Range<Int>, _ generator: inout SeededGenerator) {
        let offset = settled.lowerBound + generator.below(settled.count)
        damageCatalog("\(FaultDriver.catalog)-wal", at: offset, &generator)
        findings.count("damaged WAL")
    }

    /// The bytes of the WAL before its last transaction, where damage can be told from a torn write.
    ///
    /// None where commits are not synced: then nothing can.
    private func settledLog() -> Range<Int> {
        let path = "\(FaultDriver.catalog)-wal"
        guard isCatalogSynced, let log = DiskView(disk, .current).bytes(at: path) else {
            return 0..<0
        }
        let files = disk.mount()
        defer { disk.crash() }
        let used = disk.sparing { () -> UInt64 in
            do {
                let directory = try files.directory(at: SimulatedNode.directory, .mustExist)
                return try WALScan.scan(file: directory.open("catalog.db-wal", .read)).bytes
            } catch {
                // There is nothing in it that could be relied on.
                return 0
            }
        }
        let frames = stride(from: 32, to: Int(used), by: 24 + PageScan.pageBytes)
        // A frame that ends a transaction says how many pages there are then.
        let commits = frames.filter { log[($0 + 4)..<($0 + 8)].contains { $0 != 0 } }
        return 0..<(commits.dropLast().last.map { $0 + 24 + PageScan.pageBytes } ?? 0)
    }
}
