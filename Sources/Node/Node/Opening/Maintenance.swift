// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import Platform
public import Registry
import SQLite

/// Work on the files of a data directory that no server uses; the caller holds its lock.
public enum Maintenance {
    /// Makes the catalog's projection anew from its entries.
    public static func rebuildCatalog(
        at path: String,
        world: World,
        progress: CatalogRebuild.Progress
    ) throws(NodeError) {
        var options = Catalog.Options()
        options.vfs = DataDirectory.pages(.system, world)
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

    /// Compares the catalog with the content, both ways; `deep` reads and hashes every copy.
    ///
    /// `progress` is told how many of the catalog's digests were looked for.
    public static func verifyContent(
        at path: String,
        world: World,
        deep: Bool,
        progress: @Sendable (Int) async -> Void
    ) async throws(NodeError) -> Registry.Verification {
        _ = try NodeError.step("open the data directory '\(path)'") {
            // Not made here: an empty one would be found to be sound.
            try world.files.directory(at: path, .mustExist).open(Catalog.fileName, .read)
        }
        let data = try DataDirectory(at: path, world: world)
        let report: Registry.Verification
        do throws(RegistryError) {
            report = try await data.registry(world).verifyContent(deep: deep, progress)
        } catch {
            throw NodeError("verify the content: \(error)")
        }
        try NodeError.step("close the catalog") { try data.catalog.close() }
        return report
    }
}
