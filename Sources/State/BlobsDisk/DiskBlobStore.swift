// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import HTTP
public import OCI
public import Platform

/// Blobs as files of one directory, written so that an acknowledged one survives a power cut.
///
/// The layout, whose paths `BlobTree` alone makes (docs/formats/blob-directory.md):
///
///     store                                  this store's id
///     blobs/00000000000000000002/sha256/ab/abcd…   a blob: generation, algorithm, two digits, all
///     staging/0123…                          bytes of the upload of that id
///     staging-ages                           how long each of those lay untouched
///     quarantine/                            copies found corrupt, set aside (`Shelf`)
///
/// One process at a time; the data directory's lock sees to that. What this is not for: deciding
/// which blob may be deleted. The sweep does, from the catalog.
public final class DiskBlobStore: BlobStore {
    /// What bounds a store.
    public struct Options: Sendable {
        /// Bytes that must stay free: below, stagings take nothing more (507); default 256 MiB.
        public var freeBytesFloor: UInt64 = 256 << 20
        /// Staged bytes between two flushes, so that the sync at the end is short; default 16 MiB.
        public var flushEvery: UInt64 = 16 << 20
        /// Staging files held open at the same time; default 512.
        ///
        /// Others are opened again when bytes come, and read again when they are published.
        public var openStagingsMax = 512
        /// Stagings on the disk, open or not; default 16,384.
        ///
        /// More uploads are refused until some are finished, cancelled or expired.
        public var stagingsMax = 16_384
        /// Told of each copy that was set aside.
        public var setAside: @Sendable (Quarantined) -> Void = { _ in }
        /// Makes the default options.
        public init() {}
    }

    /// This store's id.
    public let id: Identifier
    let tree: BlobTree
    let stagings: Stagings
    private let shelf: Shelf
    private let told: @Sendable (Quarantined) -> Void

    /// Opens the store in `directory`, making it at first.
    ///
    /// A store that is there opens on a disk that takes no writes, for reading.
    public init(
        in directory: any Directory,
        world: World,
        options: Options = Options()
    ) throws(BlobError) {
        do throws(FileError) {
            id = try StoreIdentity.readOrMake(in: directory, world: world)
            let staging = try DiskBlobStore.child("staging", of: directory)
            let blobs = try DiskBlobStore.child(BlobTree.rootName, of: directory)
            let quarantine = try DiskBlobStore.child("quarantine", of: directory)
            let tree = BlobTree(root: blobs)
            self.tree = tree
            told = options.setAside
            // What is found may have been put there by a process that died before it synced. For a copy
            // that came again, the catalog counted on it before it came.
            try DiskBlobStore.unlessReadOnly { () throws(FileError) in try directory.sync() }
            var synced = SyncedLeaves()
            shelf = try Shelf(quarantine, clocks: world.clocks) { copy throws(FileError) in
                try DiskBlobStore.unlessReadOnly { () throws(FileError) in
                    try tree.sync(copy.digest, copy.generation, &synced)
                }
            }
            stagings = try Stagings(staging, of: directory, world: world, options: options)
        } catch {
            throw BlobError(error)
        }
    }

    private static func unlessReadOnly(
        _ body: () throws(FileError) -> Void
    ) throws(FileError) {
        do throws(FileError) { try body() } catch {
            guard error.kind == .readOnly || error.kind == .denied else { throw error }
        }
    }

    private static func child(
        _ name: String,
        of directory: any Directory
    ) throws(FileError) -> any Directory {
        do throws(FileError) { return try directory.directory(name, .mustExist) } catch {
            guard error.kind == .notFound else { throw error }
        }
        return try directory.directory(name, .createIfMissing)
    }

    /// The length of a copy.
    public func stat(
        _ digest: Digest,
        generation: UInt64
    ) async throws(BlobError) -> UInt64? {
        guard let file = try tree.open(digest, generation) else { return nil }
        do throws(FileError) { return try file.size() } catch { throw .trouble(error) }
    }

    /// Opens a copy.
    public func open(
        _ digest: Digest,
        generation: UInt64,
        for purpose: ReadingPurpose
    ) async throws(BlobError) -> (any FileRegion)? {
        let mode: OpenMode = purpose == .scrubbing ? .readPastCaches : .read
        guard let file = try tree.open(digest, generation, mode) else { return nil }
        do throws(FileError) { return WholeFile(file, count: try file.size()) } catch {
            throw .trouble(error)
        }
    }

    /// Begins a staging or finds the one there is.
    public func stage(
        _ id: Identifier,
        _ presence: StagingPresence,
        expected: Digest.Algorithm
    ) async throws(BlobError) -> any Staging {
        switch presence {
        case .begin: try stagings.begin(id, expected)
        case .resume: try stagings.find(id, expected, takesBytes: true)
        case .find: try stagings.find(id, expected, takesBytes: false)
        }
        return DiskStaging(id, expected, of: self)
    }

    /// A page of a generation, in the order of digests.
    public func page(
        generation: UInt64,
        after: Digest?,
        limit: Int
    ) async throws(BlobError) -> [Digest] {
        try tree.listing(of: generation).page(after: after, limit: limit)
    }

    /// Deletes copies.
    public func delete(
        _ digests: [Digest],
        generation: UInt64
    ) async throws(BlobError) -> [Digest] {
        try tree.remove(digests, generation)
    }

    /// Sets a corrupt copy aside.
    public func quarantine(
        _ copy: any FileRegion,
        of digest: Digest,
        generation: UInt64,
        because flaw: Flaw
    ) async throws(BlobError) -> Bool {
        guard let copy = copy as? WholeFile else { return false }
        let name = try tree.move(
            digest,
            generation,
            ifSameAs: copy.file,
            to: shelf,
            because: flaw,
            or: stagings.world.lifeline
        )
        guard let name else { return false }
        shelf.add(bytes: copy.count)
        told(
            Quarantined(
                name: name,
                digest: digest,
                generation: generation,
                size: copy.count,
                milliseconds: stagings.world.clocks.wallMilliseconds(),
                flaw: flaw
            )
        )
        return true
    }

    /// Copies that are set aside.
    public func quarantined(
        after name: String,
        limit: Int
    ) async throws(BlobError) -> [Quarantined] {
        do throws(FileError) { return try shelf.page(after: name, limit: limit) } catch {
            throw BlobError(error)
        }
    }

    /// Removes copies that are set aside.
    public func purge(_ copies: [Quarantined]) async throws(BlobError) -> [Quarantined] {
        do throws(FileError) { return try shelf.remove(copies) } catch { throw BlobError(error) }
    }

    /// How much is set aside.
    public var quarantineTotals: QuarantineTotals { shelf.totals }

    /// The generations there are.
    public func generations() async throws(BlobError) -> [UInt64] {
        try tree.generations()
    }

    /// Whether content was ever published here.
    public func hasContent() throws(BlobError) -> Bool { try !tree.generations().isEmpty }

    /// How many stagings there are.
    public var stagingsLive: Int { stagings.count }
    /// How many of them are open.
    public var stagingsOpen: Int { stagings.openCount }

    /// Up to `limit` stagings with ids greater than `after`, in order.
    public func stagingPage(
        after: Identifier?,
        limit: Int
    ) async throws(BlobError) -> [StagingSummary] {
        try stagings.page(after: after, limit: limit)
    }

    /// Drops stagings that lay untouched for `bound`, and returns how many.
    ///
    /// For a worker, a few times an hour: each call also counts their ages on (`StagingAges`: a
    /// clock that jumps drops nothing) and closes those nobody used since the call before.
    @discardableResult
    public func expireStagings(olderThan bound: Duration) throws(BlobError) -> Int {
        try stagings.expire(olderThan: bound)
    }
}

extension BlobError {
    /// What a failure of the file system means for a blob.
    init(_ error: FileError) {
        switch error.kind {
        case .noSpace: self = .noSpace
        case .readOnly, .denied: self = .readOnly
        default: self = .trouble(error)
        }
    }
}
