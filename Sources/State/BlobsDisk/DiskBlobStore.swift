// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import HTTP
public import OCI
public import Platform
import Synchronization

/// Blobs as files of one directory, written so that an acknowledged one survives a power cut.
///
/// The layout, made by `BlobTree` alone (docs/formats/blob-directory.md):
///
///     store                                  this store's id, 32 hexadecimal digits and a newline
///     blobs/00000000000000000002/sha256/ab/abcd…   a blob: generation, algorithm, two digits, all digits
///     staging/0123…                          bytes of the upload of that id
///     quarantine/                            copies found corrupt, set aside
///
/// What this is not for: deciding which blob may be deleted. The sweep does, from the catalog.
public final class DiskBlobStore: BlobStore {
    /// What bounds a store.
    public struct Options: Sendable {
        /// Bytes that must stay free: below, stagings take nothing more (507).
        ///
        /// Default 256 MiB.
        public var freeBytesFloor: UInt64 = 256 << 20
        /// Staged bytes between two syncs, so that the last one is short.
        ///
        /// Default 4 MiB.
        public var syncEvery: UInt64 = 4 << 20
        /// Staging files held open at the same time; others are opened again when bytes come.
        public var openStagingsMax = 512
        /// Makes the default options.
        public init() {}
    }

    /// This store's id.
    public let id: Identifier
    let world: World
    let options: Options
    let tree: BlobTree
    let stagingDirectory: any Directory
    private let live = Mutex<[Identifier: DiskStaging]>([:])

    /// Opens the store in `directory`, making it at first.
    public init(
        in directory: any Directory,
        world: World,
        options: Options = Options()
    ) throws(BlobError) {
        self.world = world
        self.options = options
        let opened = Result { () throws(FileError) in
            let stagings = try directory.directory("staging", .createIfMissing)
            let blobs = try directory.directory("blobs", .createIfMissing)
            _ = try directory.directory("quarantine", .createIfMissing)
            let id = try StoreIdentity.readOrMake(in: directory, staging: stagings, world: world)
            try directory.sync()
            return (stagings, blobs, id)
        }
        let blobs: any Directory
        do { (stagingDirectory, blobs, id) = try opened.get() } catch {
            throw BlobError(error)
        }
        tree = BlobTree(root: blobs)
    }

    /// The length of a copy.
    public func stat(
        _ digest: Digest,
        generation: UInt64
    ) async throws(BlobError) -> UInt64? {
        guard let file = try tree.open(digest, generation) else { return nil }
        do { return try file.size() } catch { throw BlobError(error) }
    }

    /// Opens a copy.
    public func open(
        _ digest: Digest,
        generation: UInt64
    ) async throws(BlobError) -> (any FileRegion)? {
        guard let file = try tree.open(digest, generation) else { return nil }
        do { return WholeFile(file, count: try file.size()) } catch { throw BlobError(error) }
    }

    /// Begins a staging or finds the one there is.
    public func stage(
        _ id: Identifier,
        _ presence: StagingPresence,
        expected: Digest.Algorithm
    ) async throws(BlobError) -> any Staging {
        if presence == .resume, let staging = live.withLock({ $0[id] }) { return staging }
        let name = id.description
        let size: UInt64
        do {
            switch presence {
            case .begin:
                try checkSpace()
                _ = try stagingDirectory.open(name, .createNew)
                size = 0
            case .resume: size = try stagingDirectory.open(name, .write).size()
            }
        } catch let error as FileError {
            switch error.kind {
            case .exists: throw .stagingExists
            case .notFound: throw .unknownStaging
            default: throw BlobError(error)
            }
        } catch let error as BlobError {
            throw error
        } catch {
            preconditionFailure("only these two kinds are thrown above")
        }
        let made = DiskStaging(id, of: self, size: size, algorithm: expected)
        // Another request may have opened it meanwhile: there is one object for a staging.
        return live.withLock { live in
            if let first = live[id] { return first }
            live[id] = made
            return made
        }
    }

    /// A page of a generation, in the order of digests.
    public func page(
        generation: UInt64,
        after: Digest?,
        limit: Int
    ) async throws(BlobError) -> [Digest] {
        try tree.page(generation, after: after, limit: limit)
    }

    /// Deletes a copy.
    public func delete(_ digest: Digest, generation: UInt64) async throws(BlobError) -> Bool {
        try tree.remove(digest, generation)
    }

    /// The generations there are.
    public func generations() async throws(BlobError) -> [UInt64] {
        try tree.generations()
    }

    /// How many stagings are being written or waited for.
    public var stagingsLive: Int { live.withLock(\.count) }

    func forget(_ id: Identifier) {
        live.withLock { _ = $0.removeValue(forKey: id) }
    }

    func checkSpace() throws(BlobError) {
        let free: UInt64
        do { free = try stagingDirectory.freeBytes() } catch { throw BlobError(error) }
        guard free >= options.freeBytesFloor else { throw .noSpace }
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

/// A whole file, for an answer.
final class WholeFile: FileRegion {
    private let file: any File
    let count: UInt64
    var descriptor: Int32? { file.descriptor }
    var offset: UInt64 { 0 }

    init(_ file: any File, count: UInt64) {
        self.file = file
        self.count = count
    }

    func read(at position: UInt64, limit: Int) throws -> [UInt8] {
        guard position < count else { return [] }
        var buffer = [UInt8](repeating: 0, count: min(limit, Int(count - position)))
        let read = try file.read(into: &buffer, at: position)
        buffer.removeLast(buffer.count - read)
        return buffer
    }
}
