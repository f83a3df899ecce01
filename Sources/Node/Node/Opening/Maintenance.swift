// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import Platform
public import Registry
import SQLite
import Sweep

/// Work on the files of a data directory that no server uses; the caller holds its lock.
public enum Maintenance {
    /// Makes the catalog's projection anew from its entries.
    public static func rebuildCatalog(
        at path: String,
        world: World,
        progress: CatalogRebuild.Progress
    ) throws(NodeError) {
        try notePulls(at: path, world)
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

    /// Begins new lives of both journals with what the projection has, where entries are damaged.
    ///
    /// Where something is lost the sweep is paused: what the lost names held is not to go before somebody
    /// has looked.
    public static func adoptJournals(
        at path: String,
        world: World
    ) throws(NodeError) -> CatalogAdoption.Report {
        try requireCatalog(at: path, world)
        var options = Catalog.Options()
        options.vfs = DataDirectory.pages(.system, world)
        do throws(CatalogError) {
            return try CatalogAdoption.offline(at: path, world: world, options: options) {
                () throws(FileError) in
                try Sweep.pause(
                    in: try world.files.directory(at: path, .mustExist),
                    withAccessOf: Catalog.fileName,
                    or: world.lifeline
                )
            }
        } catch {
            throw NodeError("adopt the projection: \(NodeError.sentence(error))")
        }
    }

    /// Gives the catalog's canonical dump line by line: equal for catalogs of the same positions (I4).
    public static func dumpCatalog(
        at path: String,
        world: World,
        line: (String) -> Void
    ) throws(NodeError) {
        try requireCatalog(at: path, world)
        var options = Catalog.Options()
        options.vfs = DataDirectory.pages(.system, world)
        do throws(CatalogError) {
            let catalog = try Catalog(at: path, world: world, options: options)
            try catalog.canonicalDump(line)
            try catalog.close()
        } catch {
            throw NodeError("read the catalog: \(NodeError.sentence(error))")
        }
    }

    /// A catalog is not made where none is: an empty one would be found to be sound.
    private static func requireCatalog(at path: String, _ world: World) throws(NodeError) {
        _ = try NodeError.step("open the data directory '\(path)'") {
            try world.files.directory(at: path, .mustExist).open(Catalog.fileName, .read)
        }
        try notePulls(at: path, world)
    }

    /// Keeps what the WAL tells of a crash, which is gone when the work is over.
    private static func notePulls(at path: String, _ world: World) throws(NodeError) {
        let files = try NodeError.step("open the data directory '\(path)'") {
            try world.files.directory(at: path, .mustExist)
        }
        let lost = try LostPulls.look(in: files)
        guard lost == .some else { return }
        do throws(FileError) { try lost.note(in: files, or: world.lifeline) } catch {
            // Retention does not rest then; the work that was asked for is worth more.
        }
    }

    /// Compares the catalog with the content, both ways; `deep` reads and hashes every copy.
    ///
    /// `progress` is told how many of the catalog's digests were looked for, and how many there are.
    public static func verifyContent(
        at path: String,
        world: World,
        deep: Bool,
        progress: @Sendable (_ done: Int, _ total: UInt64) async -> Void
    ) async throws(NodeError) -> Registry.Verification {
        try requireCatalog(at: path, world)
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
