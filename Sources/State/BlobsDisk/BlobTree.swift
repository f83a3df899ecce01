// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI
import Platform
import Synchronization

/// Where blobs lie, and the only code that makes those paths.
final class BlobTree: Sendable {
    /// Directories held open; forgotten all at once when there are more.
    private static let heldMax = 1024
    /// Digits of a generation's name, so that names sort as numbers do.
    private static let generationDigits = 20

    private struct Place: Hashable {
        var generation: UInt64
        var algorithm: Digest.Algorithm
        var prefix: String
    }

    private let root: any Directory
    private let held = Mutex<[Place: any Directory]>([:])

    init(root: any Directory) {
        self.root = root
    }

    /// Opens a copy, or returns nil when there is none.
    func open(_ digest: Digest, _ generation: UInt64) throws(BlobError) -> (any File)? {
        do {
            return try directory(of: digest, generation, .mustExist).open(digest.hex, .read)
        } catch {
            guard error.kind == .notFound else { throw BlobError(error) }
            return nil
        }
    }

    /// The directory of a digest; a new one is durable when this returns.
    func directory(
        of digest: Digest,
        _ generation: UInt64,
        _ presence: Presence
    ) throws(FileError) -> any Directory {
        let hex = digest.hex
        let place = Place(
            generation: generation,
            algorithm: digest.algorithm,
            prefix: String(hex.prefix(2))
        )
        if let known = held.withLock({ $0[place] }) { return known }
        let generationDirectory = try child(root, BlobTree.name(generation), presence)
        let algorithmDirectory = try child(
            generationDirectory,
            digest.algorithm.name,
            presence
        )
        let directory = try child(algorithmDirectory, place.prefix, presence)
        // Held only once known to be durable; one that was merely found may have been made by a
        // process that died before it synced.
        guard presence == .createIfMissing else { return directory }
        held.withLock { held in
            if held.count >= BlobTree.heldMax { held.removeAll() }
            held[place] = directory
        }
        return directory
    }

    private func child(
        _ parent: any Directory,
        _ name: String,
        _ presence: Presence
    ) throws(FileError) -> any Directory {
        let directory = try parent.directory(name, presence)
        if presence == .createIfMissing { try parent.sync() }
        return directory
    }

    func page(
        _ generation: UInt64,
        after: Digest?,
        limit: Int
    ) throws(BlobError) -> [Digest] {
        var page: [Digest] = []
        for algorithm in Digest.Algorithm.allCases {
            if let after, algorithm.rawValue < after.algorithm.rawValue { continue }
            let from = after?.algorithm == algorithm ? after?.hex ?? "" : ""
            do throws(FileError) {
                let top = try root.directory(BlobTree.name(generation), .mustExist)
                    .directory(algorithm.name, .mustExist)
                for prefix in try top.names(after: "", limit: 256)
                where !prefix.utf8.lexicographicallyPrecedes(from.prefix(2).utf8) {
                    let names = try top.directory(prefix, .mustExist)
                        .names(after: from, limit: limit - page.count)
                    page += names.compactMap { Digest("\(algorithm.name):\($0)") }
                    if page.count >= limit { return page }
                }
            } catch {
                guard error.kind == .notFound else { throw BlobError(error) }
            }
        }
        return page
    }

    func remove(_ digest: Digest, _ generation: UInt64) throws(BlobError) -> Bool {
        do {
            let directory = try directory(of: digest, generation, .mustExist)
            try directory.remove(digest.hex)
            try directory.sync()
            return true
        } catch {
            guard error.kind == .notFound else { throw BlobError(error) }
            return false
        }
    }

    func generations() throws(BlobError) -> [UInt64] {
        do {
            return try root.names(after: "", limit: 10_000).compactMap { UInt64($0) }
        } catch { throw BlobError(error) }
    }

    private static func name(_ generation: UInt64) -> String {
        let digits = String(generation)
        return String(repeating: "0", count: generationDigits - digits.utf8.count) + digits
    }
}
