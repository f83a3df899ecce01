// SPDX-License-Identifier: Apache-2.0

public import Catalog
import Journal

extension Registry {
    /// What was done about a damaged catalog.
    public enum Mending: Sendable {
        /// The projection was made anew from the entries.
        case rebuilt
        /// Entries are damaged: no change is taken any more, for each new one would be chained to them;
        /// pulls go on.
        case stopped(String)
        /// It could not be made anew now.
        case failed(RegistryError)
    }

    /// Does what can be done about what was found in the catalog.
    public func mend(_ findings: CatalogScrub.Findings) async -> Mending {
        guard findings.damagedEntries.isEmpty else {
            return .stopped(stop(because: findings.damagedEntries))
        }
        do throws(RegistryError) {
            try await rebuildCatalog { _, _ in }
            return .rebuilt
        } catch {
            guard case .catalog(.damaged(let sentence)) = error else { return .failed(error) }
            registrar.refuse(sentence)
            return .stopped(sentence)
        }
    }

    /// Takes no change from now on, and returns the sentence that says why.
    public func stop(because entries: [CatalogScrub.EntryPlace]) -> String {
        let places = entries.prefix(Registry.placesMax)
            .map { "entry \($0.position) of the \($0.scope) journal" }
        let more = entries.count > places.count ? " and others" : ""
        let reason =
            "damaged: \(places.joined(separator: ", "))\(more); pulls go on; see the runbook on damaged "
            + "entries"
        registrar.refuse(reason)
        return reason
    }

    /// Places that a sentence names.
    private static let placesMax = 10
}
