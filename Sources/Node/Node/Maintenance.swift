// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import Platform
import SQLite

/// Work on the files of a data directory that no server uses; the caller holds its lock.
public enum Maintenance {
    /// Makes the catalog's projection anew from its entries.
    public static func rebuildCatalog(
        at path: String,
        world: World,
        progress: CatalogRebuild.Progress
    ) throws(NodeError) {
        let lifeline = world.lifeline
        var options = Catalog.Options()
        options.vfs = PageCheckVFS(over: .system) { failure in
            lifeline.halt("the catalog could not be synced: \(failure)")
        }
        do throws(CatalogError) {
            try CatalogRebuild.offline(
                at: path,
                world: world,
                options: options,
                progress: progress
            )
        } catch {
            throw NodeError("rebuild the catalog: \(NodeError.sentence(error))")
        }
    }
}
