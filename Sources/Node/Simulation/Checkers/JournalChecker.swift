// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import Platform
import Synchronization

/// I11: remembers every entry a client's acknowledgement rested on, and looks for it ever after.
///
/// Positions are dense, each entry is chained to the one before, no change became two entries, and
/// what stood at a position when somebody was acknowledged stands there for good.
final class JournalChecker: Sendable {
    /// Entries read at a time.
    private static let pageSize = 500

    private struct Place: Hashable {
        var scope: Scope
        var incarnation: UInt32
        var position: UInt64
    }

    private struct State {
        /// Heads at which somebody was acknowledged: their chain hash stands for all before them.
        var acknowledged: [Place: [UInt8]] = [:]
        var highest: [Scope: UInt64] = [:]
    }

    private let state = Mutex(State())
    private let findings: Findings

    init(findings: Findings) {
        self.findings = findings
    }

    /// Notes that a change was acknowledged while the journals stood at `heads`.
    func acknowledged(at heads: Heads) {
        state.withLock { state in
            for scope in Scope.allCases where heads[scope].position > 0 {
                let head = heads[scope]
                let place = Place(
                    scope: scope,
                    incarnation: head.incarnation,
                    position: head.position
                )
                if let known = state.acknowledged[place], known != head.chain {
                    findings.report(
                        Violation(
                            .onePast,
                            "\(scope) position \(head.position) was given to two entries"
                        )
                    )
                }
                state.acknowledged[place] = head.chain
                state.highest[scope] = max(state.highest[scope] ?? 0, head.position)
            }
        }
    }

    /// Reads both journals from their first entry and checks them against all that is remembered.
    ///
    /// Returns the entries, in order.
    @discardableResult func check(_ view: CatalogView) throws(CatalogError) -> [Entry] {
        let heads = try view.heads()
        var entries: [Entry] = []
        for scope in Scope.allCases {
            entries += try check(scope, heads[scope], view)
        }
        return entries
    }

    private func check(
        _ scope: Scope,
        _ head: Head,
        _ view: CatalogView
    ) throws(CatalogError) -> [Entry] {
        let highest = state.withLock { $0.highest[scope] ?? 0 }
        findings.require(
            head.position >= highest,
            .onePast,
            "the \(scope) journal ends at \(head.position), and \(highest) was acknowledged"
        )
        var entries: [Entry] = []
        var predecessor = Head.empty.chain
        var ids: Set<Identifier> = []
        var position: UInt64 = 0
        while position < head.position {
            let page = try view.entries(
                scope,
                from: position + 1,
                limit: JournalChecker.pageSize
            )
            guard !page.isEmpty else { break }
            for stored in page {
                position += 1
                if let entry = check(stored, at: position, after: predecessor) {
                    if !ids.insert(entry.id).inserted {
                        findings.report(
                            Violation(
                                .onePast,
                                "change \(entry.id) became two entries of the \(scope) journal"
                            )
                        )
                    }
                    entries.append(entry)
                }
                predecessor = stored.chain
            }
        }
        findings.require(
            position == head.position && predecessor == head.chain,
            .onePast,
            "the \(scope) journal's head is not its last entry"
        )
        return entries
    }

    private func check(
        _ stored: StoredEntry,
        at position: UInt64,
        after predecessor: [UInt8]
    ) -> Entry? {
        let place = "\(stored.scope) position \(position)"
        findings.require(stored.position == position, .onePast, "\(place) is missing")
        findings.require(
            EntryCodec.chain(stored.bytes) == stored.chain,
            .onePast,
            "\(place) does not have its hash"
        )
        do {
            let (entry, before) = try EntryCodec.decode(stored.bytes)
            findings.require(
                before == predecessor,
                .onePast,
                "\(place) does not follow its predecessor"
            )
            checkRemembered(stored, entry)
            return entry
        } catch {
            findings.report(Violation(.onePast, "\(place) cannot be read: \(error)"))
            return nil
        }
    }

    private func checkRemembered(_ stored: StoredEntry, _ entry: Entry) {
        let place = Place(
            scope: stored.scope,
            incarnation: entry.origin.incarnation,
            position: stored.position
        )
        guard let known = state.withLock({ $0.acknowledged[place] }) else { return }
        findings.require(
            known == stored.chain,
            .onePast,
            "\(stored.scope) position \(stored.position) is another entry than was acknowledged"
        )
    }
}
