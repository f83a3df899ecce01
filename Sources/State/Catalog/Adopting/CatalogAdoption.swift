// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
public import Platform
import SQLite

/// The way out of damaged entries: new lives of both journals, whose first entries say again what the
/// projection has.
///
/// The projection's pages are checked, but behind a damaged entry nothing proves any more that its rows
/// are what clients were told. What cannot be proved, and what cannot be read, is listed.
public enum CatalogAdoption {
    /// What an adoption took over.
    public struct Report: Sendable {
        /// The lives of the journals that begin.
        public var incarnation: UInt32 = 0
        /// Entries that are missing, cannot be read or are not what their chain says; the first ones.
        public var damagedEntries: [CatalogScrub.EntryPlace] = []
        /// How many there are.
        public var damagedCount: UInt64 = 0
        /// Names that were taken over although no chain reaches to the entry they are from; the first ones.
        public var unproved: [String] = []
        /// How many there are.
        public var unprovedCount: UInt64 = 0
        /// What of the projection could not be read, and is lost; the first parts.
        public var unread: [String] = []
        /// Names that were taken over.
        public var named: UInt64 = 0

        /// The most that each list holds.
        public static let listedMax = 1000
    }

    /// Adopts the projection of the file in the directory at `directory`, which no server may have open.
    ///
    /// Refuses where no entry is damaged. Where something is lost, `losing` is called before the new
    /// journals count, and nothing changes if that fails.
    public static func offline(
        at directory: String,
        world: World,
        options: Catalog.Options = Catalog.Options(),
        losing: () throws(FileError) -> Void = {}
    ) throws(CatalogError) -> Report {
        let path = "\(directory)/\(Catalog.fileName)"
        let files = try Catalog.files(at: directory, world)
        try CatalogFile.finishReplacing(in: files, or: world.lifeline)
        try CatalogFile.require(in: files)
        try LogRecovery.run(in: files, at: path, options)
        let old: Session
        do throws(SQLiteError) {
            old = Session(try Connection(path: path, mode: .readWrite, through: options.vfs))
        } catch { throw CatalogError(error) }
        guard let identity = try FirstOpening.recognise(old) else {
            throw .damaged(
                "the catalog has an earlier form: adopt it with the version that wrote it"
            )
        }
        var proof = ChainProof(view: CatalogView(old))
        try proof.read()
        guard proof.damagedCount > 0 else {
            throw .damaged("no entry is damaged: 'breakwater catalog rebuild --offline' is enough")
        }
        let report = try build(from: old, proof, identity, directory, world, options)
        do throws(SQLiteError) { try old.connection.close() } catch { throw CatalogError(error) }
        if !report.unread.isEmpty {
            try CatalogRebuild.keepingNothing(of: files) { () throws(CatalogError) in
                do throws(FileError) { try losing() } catch {
                    throw CatalogError(error, "pause the sweep")
                }
            }
        }
        try CatalogRebuild.publish(files, world)
        return report
    }

    /// Reads once more where the disk does not give a page, which it may when it is asked again.
    static func often<Answer>(
        _ body: () throws(CatalogError) -> Answer
    ) throws(CatalogError) -> Answer {
        for _ in 1..<CatalogScrub.readsMax {
            do throws(CatalogError) { return try body() } catch {
                guard error.isOfOnePage else { throw error }
            }
        }
        return try body()
    }

    private static func build(
        from old: Session,
        _ proof: ChainProof,
        _ identity: EstateIdentity,
        _ directory: String,
        _ world: World,
        _ options: Catalog.Options
    ) throws(CatalogError) -> Report {
        let files = try Catalog.files(at: directory, world)
        return try CatalogRebuild.keepingNothing(of: files) { () throws(CatalogError) in
            let new = try CatalogFile.make(
                CatalogRebuild.temporaryName,
                in: files,
                at: directory,
                options
            )
            try CatalogRebuild.begin(new, from: old)
            var restatement = Restatement(
                old: CatalogView(old),
                new: new,
                proof: proof,
                identity: identity,
                world: world
            )
            let report = try restatement.run()
            try CatalogFile.checkpoint(new)
            do throws(SQLiteError) { try new.connection.close() } catch {
                throw CatalogError(error)
            }
            return report
        }
    }
}
