// SPDX-License-Identifier: Apache-2.0

import Journal

/// How far each journal's chain holds.
struct ChainProof {
    let view: CatalogView
    private(set) var damaged: [CatalogScrub.EntryPlace] = []
    private(set) var damagedCount: UInt64 = 0
    /// The stamp of the last entry that the chain proves, by journal; none without one.
    private(set) var proved: [Scope: Stamp] = [:]
    private(set) var incarnation: UInt32 = 1
    /// The greatest stamp that any readable entry has.
    private(set) var greatest: Stamp?

    init(view: CatalogView) {
        self.view = view
    }

    mutating func read() throws(CatalogError) {
        let heads = try view.heads()
        incarnation = max(heads.region.incarnation, heads.estate.incarnation)
        greatest = try view.greatestStamp()
        for scope in Scope.allCases {
            var chain: [UInt8]? = Head.empty.chain
            var isProved = true
            for position in 1..<(heads[scope].position + 1) {
                guard let (entry, following) = try entry(scope, position, after: chain) else {
                    (chain, isProved) = (nil, false)
                    damagedCount += 1
                    if damaged.count < CatalogAdoption.Report.listedMax {
                        damaged.append(CatalogScrub.EntryPlace(scope: scope, position: position))
                    }
                    continue
                }
                chain = following
                if isProved { proved[scope] = entry.stamp }
                greatest = greatest.map { max($0, entry.stamp) } ?? entry.stamp
            }
        }
    }

    private func entry(
        _ scope: Scope,
        _ position: UInt64,
        after chain: [UInt8]?
    ) throws(CatalogError) -> (Entry, [UInt8])? {
        do throws(CatalogError) {
            let stored = try CatalogAdoption.often { () throws(CatalogError) in
                try view.entries(scope, from: position, limit: 1).first
            }
            guard let stored, stored.position == position else { return nil }
            return (try EntryCheck.check(stored, after: chain), stored.chain)
        } catch {
            if case .damaged = error { return nil }
            guard error.isOfOnePage else { throw error }
            return nil
        }
    }
}
