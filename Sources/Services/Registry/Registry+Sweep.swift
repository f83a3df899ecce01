// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI

extension Registry {
    /// Raises the sweep epoch by one; two raises later a copy stored before them, which nothing names,
    /// may be deleted.
    ///
    /// Nothing is written while nothing was changed since the last two raises: there is nothing new to
    /// free.
    public func raiseEpoch() async throws(RegistryError) {
        let epoch = try read { view throws(CatalogError) -> Generation? in
            try view.isAtRest() ? nil : try view.epoch()
        }
        guard let epoch else { return }
        // About no repository; this one is ours.
        try await change(.canary, .raiseEpoch(from: epoch))
    }
}
