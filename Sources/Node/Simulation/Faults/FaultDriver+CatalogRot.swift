// SPDX-License-Identifier: Apache-2.0

import Platform
import SQLite

extension FaultDriver {
    /// The most bits of the catalog's file that flip at the beginning of one life.
    private static let flipsMax = 8
    private static let catalog = "\(SimulatedNode.directory)/catalog.db"

    /// Flips a few bits of the catalog's file, or one of what its WAL holds for good.
    func rotCatalogOrLog(_ generator: inout SeededGenerator) {
        let settled = settledLog()
        guard settled.isEmpty || generator.chance(1, in: 2) else {
            return rotLog(settled, &generator)
        }
        for _ in 0..<generator.within(1...FaultDriver.flipsMax) { rotCatalog(&generator) }
    }

    private func rotLog(_ settled: Range<Int>, _ generator: inout SeededGenerator) {
        let path = "\(FaultDriver.catalog)-wal"
        let (offset, bit) = (
            settled.lowerBound + generator.below(settled.count), generator.below(8)
        )
        DiskView(disk, .current).damage(path, at: offset, xor: 1 << bit)
        rot.isCatalogDamaged = true
        findings.count("fault \(FaultKind.catalogRot.rawValue)")
        findings.count("damaged WAL")
        trace.note("bit \(bit) of byte \(offset) of \(path) flips")
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
