// SPDX-License-Identifier: Apache-2.0

import SQLite

/// What of the old projection can be read, and what is lost.
extension Restatement {
    /// Keys that are read at a time, and names that share an entry, where each is small.
    private static let pageMax = 200
    /// Places of a list at which keys are lost, before the rest is given up.
    private static let gapsMax = 1000

    /// The next keys of a list; nil behind the last one.
    ///
    /// Where no way leads to the next one, those up to where a way leads on are lost, and listed.
    mutating func next<Key>(_ walk: inout KeyWalk<Key>) throws(CatalogError) -> [Key]? {
        for _ in 0..<Restatement.gapsMax {
            switch try keys(of: walk) {
            case .success(let page):
                guard let last = page.last else { return nil }
                walk.after = last.place
                return page.map { $0.key }
            case .failure(let error):
                let from = "\(walk.what) behind \(walk.after.place)"
                guard let place = try wayOn(walk) else {
                    lose("\(from), and all that follow: \(Restatement.cause(error))")
                    return nil
                }
                lose("\(from) up to \(place.place): \(Restatement.cause(error))")
                walk.after = place
            }
        }
        lose("\(walk.what) behind \(walk.after.place), for too many places are damaged")
        return nil
    }

    /// As many keys as one way leads to; a failure where it is none.
    private func keys<Key>(
        of walk: KeyWalk<Key>
    ) throws(CatalogError) -> Result<[(key: Key, place: Value)], CatalogError> {
        var limit = Restatement.pageMax
        while true {
            do throws(CatalogError) {
                let page = try CatalogAdoption.often { () throws(CatalogError) in
                    try walk.page(old, after: walk.after, limit: limit)
                }
                return .success(page)
            } catch {
                guard error.isOfOnePage else { throw error }
                guard limit > 1 else { return .failure(error) }
                limit /= 2
            }
        }
    }

    /// A place from which a way leads on where none does from one step before it, as near as doubled
    /// steps come; nil where none is found.
    private func wayOn<Key>(_ walk: KeyWalk<Key>) throws(CatalogError) -> Value? {
        let stepsMax = walk.after.stepsMax
        var (none, some): (UInt64, UInt64) = (0, min(1, stepsMax))
        while some > none {
            if try leadsOn(walk, from: walk.after.moved(by: some)) { break }
            (none, some) = (some, min(2 * some, stepsMax))
        }
        guard some > none else { return nil }
        while some - none > 1 {
            let middle = none + (some - none) / 2
            if try leadsOn(walk, from: walk.after.moved(by: middle)) {
                some = middle
            } else {
                none = middle
            }
        }
        return walk.after.moved(by: some)
    }

    private func leadsOn<Key>(
        _ walk: KeyWalk<Key>,
        from place: Value
    ) throws(CatalogError) -> Bool {
        do throws(CatalogError) {
            _ = try walk.page(old, after: place, limit: 1)
            return true
        } catch {
            guard error.isOfOnePage else { throw error }
            return false
        }
    }

    /// Reads a part; one whose page cannot be read is lost, and listed.
    mutating func reading<Answer>(
        _ what: String,
        _ body: (CatalogView) throws(CatalogError) -> Answer?
    ) throws(CatalogError) -> Answer? {
        let old = old
        do throws(CatalogError) {
            return try CatalogAdoption.often { () throws(CatalogError) in try body(old) }
        } catch {
            guard error.isOfOnePage else { throw error }
            lose("\(what): \(Restatement.cause(error))")
            return nil
        }
    }

    private static func cause(_ error: CatalogError) -> String {
        switch error {
        case .pageCheckFailed(let page): page
        case .trouble(let error): error.message
        default: "\(error)"
        }
    }

    /// Lists what is lost, once.
    mutating func lose(_ what: String) {
        guard report.unread.count < CatalogAdoption.Report.listedMax,
            !report.unread.contains(what)
        else { return }
        report.unread.append(what)
    }
}
