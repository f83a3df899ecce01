// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import Platform
import SQLite

/// I4: applies all entries of a catalog to an empty one and compares what both then say.
struct HistoryChecker {
    /// Room for a catalog made anew.
    private static let scratchBytes: UInt64 = 256 << 20

    let findings: Findings

    /// Compares the live projection with one made from its entries.
    func check(_ catalog: Catalog) throws {
        let live = try HistoryChecker.dump(catalog)
        let rebuilt = try HistoryChecker.rebuild(catalog)
        guard live != rebuilt else { return }
        let difference = zip(live, rebuilt).first { $0 != $1 }
        findings.report(
            Violation(
                .sameHistory,
                "the catalog and its rebuild differ: "
                    + (difference.map { "\($0.0) against \($0.1)" }
                        ?? "\(live.count) lines against \(rebuilt.count)")
            )
        )
    }

    /// The canonical dump.
    static func dump(_ catalog: Catalog) throws -> [String] {
        var lines: [String] = []
        try catalog.canonicalDump { lines.append($0) }
        return lines
    }

    /// The dump of a catalog that was made from the entries of another.
    private static func rebuild(_ catalog: Catalog) throws -> [String] {
        let entries = try catalog.read { view throws(CatalogError) in
            try storedEntries(view)
        }
        let timeline = Timeline()
        let clocks = VirtualClocks(timeline)
        let disk = SimulatedDisk(
            generator: SeededGenerator(seed: 0),
            timeline: timeline,
            clocks: clocks,
            trace: Trace(),
            faults: DiskFaults(capacity: scratchBytes)
        )
        let random = SeededRandom(SeededGenerator(seed: 1))
        let world = World(
            clocks: clocks,
            random: random,
            files: disk.mount(),
            lifeline: SimulatedLifeline(disk: disk, trace: Trace())
        )
        let directory = try world.files.directory(at: "scratch", .createIfMissing)
        let pageCheck = PageCheckVFS(
            over: .directory(
                DirectoryVFS(
                    directory,
                    clocks: clocks,
                    random: random,
                    wait: DirectoryVFS.passingNoTime
                )
            )
        ) { _ in }
        var options = Catalog.Options()
        options.vfs = pageCheck
        let scratch = try Catalog(at: "scratch", world: world, options: options)
        let transaction = try scratch.begin()
        for stored in entries {
            let (entry, _) = try EntryCodec.decode(stored.bytes)
            try transaction.apply(entry, stored: stored)
        }
        try transaction.commit()
        let lines = try dump(scratch)
        try scratch.close()
        return lines
    }

    /// All entries, the estate's first: a region's entry never comes before its basis.
    private static func storedEntries(_ view: CatalogView) throws(CatalogError) -> [StoredEntry] {
        var all: [StoredEntry] = []
        for scope in [Scope.estate, .region] {
            var next: UInt64 = 1
            while true {
                let page = try view.entries(scope, from: next, limit: 500)
                guard let last = page.last else { break }
                all += page
                next = last.position + 1
            }
        }
        return all
    }
}
