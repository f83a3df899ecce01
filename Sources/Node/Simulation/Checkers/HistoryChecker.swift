// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import Platform
import SQLite
import Synchronization

/// I4: applies all entries of a catalog to another one and compares what both then say.
///
/// The other one is kept, so that each look applies only what is new; now and then, and whenever the
/// journals are not what they were, it is made from nothing.
final class HistoryChecker: Sendable {
    /// Room for a catalog made anew.
    private static let scratchBytes: UInt64 = 256 << 20
    /// Looks after which the other catalog is made from nothing again.
    private static let looksMax = 5

    /// A catalog with the entries of the one that is checked.
    private struct Copy {
        var catalog: Catalog
        var looks = 0
    }

    private let findings: Findings
    private let copy = Mutex<Copy?>(nil)

    init(findings: Findings) {
        self.findings = findings
    }

    /// Compares the live projection with one made from its entries.
    func check(_ catalog: Catalog) throws {
        let live = try HistoryChecker.dump(catalog)
        let rebuilt = try HistoryChecker.dump(try followed(catalog))
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

    /// The other catalog, with every entry that `catalog` has.
    private func followed(_ catalog: Catalog) throws -> Catalog {
        if var kept = copy.withLock({ $0 }), kept.looks < HistoryChecker.looksMax {
            let heads = try kept.catalog.read { view throws(CatalogError) in try view.heads() }
            if try catalog.read({ view throws(CatalogError) in
                try HistoryChecker.has(heads, in: view)
            }) {
                try HistoryChecker.apply(catalog, to: kept.catalog, after: heads)
                kept.looks += 1
                copy.withLock { $0 = kept }
                return kept.catalog
            }
        }
        try copy.withLock { $0.take() }?.catalog.close()
        let scratch = try HistoryChecker.empty()
        let heads = Heads(region: .empty, estate: .empty)
        try HistoryChecker.apply(catalog, to: scratch, after: heads)
        copy.withLock { $0 = Copy(catalog: scratch) }
        return scratch
    }

    /// Whether a catalog's journals go through these heads.
    private static func has(_ heads: Heads, in view: CatalogView) throws(CatalogError) -> Bool {
        for scope in Scope.allCases where heads[scope].position > 0 {
            let found = try view.entries(scope, from: heads[scope].position, limit: 1).first
            guard found?.position == heads[scope].position, found?.chain == heads[scope].chain
            else { return false }
        }
        return true
    }

    /// The canonical dump.
    static func dump(_ catalog: Catalog) throws -> [String] {
        var lines: [String] = []
        try catalog.canonicalDump { lines.append($0) }
        return lines
    }

    /// Applies what `catalog` has after `heads` to `other`.
    private static func apply(
        _ catalog: Catalog,
        to other: Catalog,
        after heads: Heads
    ) throws {
        let entries = try catalog.read { view throws(CatalogError) in
            try storedEntries(view, after: heads)
        }
        guard !entries.isEmpty else { return }
        let transaction = try other.begin()
        do {
            for stored in entries {
                let (entry, _) = try EntryCodec.decode(stored.bytes)
                try transaction.apply(entry, stored: stored)
            }
        } catch {
            try transaction.rollback()
            throw error
        }
        try transaction.commit()
    }

    /// A catalog without an entry, on a disk of its own.
    private static func empty() throws -> Catalog {
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
        return try Catalog(at: "scratch", world: world, options: options)
    }

    /// All entries, the estate's first: a region's entry never comes before its basis.
    private static func storedEntries(
        _ view: CatalogView,
        after heads: Heads
    ) throws(CatalogError) -> [StoredEntry] {
        var all: [StoredEntry] = []
        for scope in [Scope.estate, .region] {
            var next = heads[scope].position + 1
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
