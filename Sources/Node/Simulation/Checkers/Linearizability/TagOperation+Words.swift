// SPDX-License-Identifier: Apache-2.0

import OCI

extension TagOperation {
    /// What it did or saw, in words; of a change's effects those that `matters` says.
    func words(_ matters: (Subject) -> Bool) -> String {
        switch action {
        case .shows(let tag, let digest):
            return digest.map { "shows \(tag) as \($0.short)" } ?? "shows no \(tag)"
        case .has(let digest, let isThere):
            return "shows \(isThere ? "" : "no ")manifest \(digest.short)"
        case .lists(let page):
            let names = page.names.map { "\($0)" }.joined(separator: ", ")
            return "lists \(names.isEmpty ? "nothing" : names)"
                + (page.last.isEmpty ? "" : " after \(page.last)")
                + (page.hasMore ? " and more to come" : " and nothing more")
        case .change(let effects):
            let chosen = effects.filter { matters($0.subject) }
            let words = (chosen.isEmpty ? effects : chosen).map(\.words).joined(separator: ", ")
            switch outcome {
            case .done: return "did: \(words)"
            case .unknown: return "may have done: \(words)"
            case .unmet: return "was refused its condition for: \(words)"
            case .refused: return "was refused: \(words)"
            }
        }
    }
}

extension Effect {
    fileprivate var words: String {
        let name: String
        switch subject {
        case .tag(_, let tag): name = "\(tag)"
        case .manifest(_, let digest): name = "manifest \(digest.short)"
        case .blob(_, let digest): name = "blob \(digest.short)"
        }
        var words: String
        switch (subject, value) {
        case (_, nil): words = "no \(name)"
        case (.tag, let digest?): words = "\(name) is \(digest.short)"
        case (_, _?): words = name
        }
        if force == .possible { words += " perhaps" }
        if let onlyIf { words += " where it is \(onlyIf.short)" }
        switch demand {
        case nil: break
        case .absent: words += " if absent"
        case .present: words += " if there"
        case .value(let digest): words += " if it is \(digest.short)"
        }
        return words
    }
}

extension Digest {
    /// Enough of it to tell a few apart.
    fileprivate var short: String { String(hex.prefix(8)) }
}
