// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI
import Platform
import Synchronization

/// Where blobs lie, and the only code that makes those paths.
///
/// Directories are made when the first blob needs them and never removed.
final class BlobTree: Sendable {
    /// The name of the tree's root in a store's directory.
    static let rootName = "blobs"
    /// Digits of a generation's name, so that names sort as numbers do.
    private static let generationDigits = 20
    /// Names read of a directory at a time, where the reader goes on.
    static let namesPage = 1000

    private let root: any Directory
    private let held = Mutex(HeldDirectories())
    /// Directories of which copies were removed, and which were not synced since; no more than there are.
    private let unsynced = Mutex<[String: any Directory]>([:])
    /// How many are just putting a copy at a path.
    private let publishers = Mutex<[String: Int]>([:])

    init(root: any Directory) {
        self.root = root
    }

    /// The names on the way from the root to the directory of a digest.
    private static func path(_ digest: Digest, _ generation: UInt64) -> [String] {
        [name(generation), digest.algorithm.name, String(digest.hex.prefix(2))]
    }

    static func name(_ generation: UInt64) -> String {
        let digits = String(generation)
        return String(repeating: "0", count: generationDigits - digits.utf8.count) + digits
    }

    /// Opens a copy, or returns nil when there is none.
    func open(
        _ digest: Digest,
        _ generation: UInt64,
        _ mode: OpenMode = .read
    ) throws(BlobError) -> (any File)? {
        do throws(FileError) {
            return try directory(of: digest, generation).open(digest.hex, mode)
        } catch {
            // A copy that may not be read says nothing of what the store may write.
            guard error.kind == .notFound else { throw .trouble(error) }
            return nil
        }
    }

    /// Puts a copy in its place by `body`; meanwhile none is moved away from there.
    func publishing(
        _ digest: Digest,
        _ generation: UInt64,
        _ body: () throws(PublishError) -> Void
    ) throws(PublishError) {
        let path = "\(BlobTree.name(generation))/\(digest)"
        publishers.withLock { $0[path, default: 0] += 1 }
        defer {
            publishers.withLock { publishers in
                let others = (publishers[path] ?? 1) - 1
                publishers[path] = others == 0 ? nil : others
            }
        }
        try body()
    }

    /// Moves a copy to the shelf, durably, unless another file has its place or is about to; returns
    /// what it is called there.
    ///
    /// Whoever wants to publish waits for as long as that takes.
    func move(
        _ digest: Digest,
        _ generation: UInt64,
        ifSameAs file: any File,
        to shelf: Shelf,
        because flaw: Flaw,
        or lifeline: any Lifeline
    ) throws(BlobError) -> String? {
        try publishers.withLock { publishers throws(BlobError) in
            guard publishers["\(BlobTree.name(generation))/\(digest)"] == nil,
                let found = try open(digest, generation)
            else { return nil }
            do {
                guard try found.isSame(as: file) else { return nil }
                let newName = try shelf.nameForNew(digest, generation, flaw)
                let (directory, target) = (try directory(of: digest, generation), shelf.directory)
                try directory.publish(digest.hex, found, to: target, as: newName, or: lifeline)
                try directory.sync()
                return newName
            } catch let error as PublishError {
                throw BlobError(error.cause)
            } catch let error as FileError {
                throw BlobError(error)
            } catch {
                preconditionFailure("files throw nothing else: \(error)")
            }
        }
    }

    private func directory(
        of digest: Digest,
        _ generation: UInt64
    ) throws(FileError) -> any Directory {
        let names = BlobTree.path(digest, generation)
        let path = names.joined(separator: "/")
        if let known = held.withLock({ $0.any(path) }) { return known }
        var directory = root
        for name in names { directory = try directory.directory(name, .mustExist) }
        held.withLock { [directory] held in
            if held.any(path) == nil { held.keep(path, directory, isDurable: false) }
        }
        return directory
    }

    /// Makes durable what a digest's directory has, if there is one, once.
    func sync(
        _ digest: Digest,
        _ generation: UInt64,
        _ synced: inout SyncedLeaves
    ) throws(FileError) {
        let path = BlobTree.path(digest, generation).joined(separator: "/")
        guard synced.paths.insert(path).inserted else { return }
        do throws(FileError) { try directory(of: digest, generation).sync() } catch {
            guard error.kind == .notFound else { throw error }
        }
    }

    /// The directory for a digest that is about to come; it and its parents are durable.
    func directory(
        forNew digest: Digest,
        _ generation: UInt64
    ) throws(FileError) -> any Directory {
        let names = BlobTree.path(digest, generation)
        let path = names.joined(separator: "/")
        if let known = held.withLock({ $0.durable(path) }) { return known }
        var (directory, parent) = (root, "")
        for name in names {
            directory = try durable(name, in: directory, parent)
            parent += "/\(name)"
        }
        held.withLock { [directory] in $0.keep(path, directory, isDurable: true) }
        return directory
    }

    /// Opens or makes one directory, durably.
    ///
    /// One that is merely found may have been made by a process that died before it synced. So what
    /// a parent has when it is first written to is synced once; later, only what is made is.
    private func durable(
        _ name: String,
        in parent: any Directory,
        _ path: String
    ) throws(FileError) -> any Directory {
        var isDurable = held.withLock { $0.isDurable(name, in: path) }
        if isDurable == nil {
            let names = try parent.names(after: "", limit: BlobTree.namesPage)
            try parent.sync()
            held.withLock { $0.noteDurable(names, in: path) }
            isDurable = names.contains(name)
        }
        if isDurable == true { return try parent.directory(name, .mustExist) }
        let made = try parent.directory(name, .createIfMissing)
        try parent.sync()
        held.withLock { $0.noteDurable([name], in: path) }
        return made
    }

    /// What there is of one generation.
    func listing(of generation: UInt64) -> TreeListing {
        TreeListing(root: root, generation: generation)
    }

    /// Removes copies, durably, and returns those that are gone; each directory is synced once.
    ///
    /// One whose sync fails is synced by the next call: until then the power can bring its copies back,
    /// which nobody would look for any more. So is one of which a copy is not there.
    func remove(_ digests: [Digest], _ generation: UInt64) throws(BlobError) -> [Digest] {
        try unsynced.withLock { unsynced throws(BlobError) in
            try remove(digests, generation, &unsynced)
        }
    }

    private func remove(
        _ digests: [Digest],
        _ generation: UInt64,
        _ unsynced: inout [String: any Directory]
    ) throws(BlobError) -> [Digest] {
        var removed: [Digest] = []
        do throws(FileError) {
            for digest in digests.sorted() {
                do throws(FileError) {
                    let directory = try directory(of: digest, generation)
                    do throws(FileError) {
                        try directory.remove(digest.hex)
                        removed.append(digest)
                    } catch {
                        // A process that died before it synced may have removed it.
                        guard error.kind == .notFound else { throw error }
                    }
                    unsynced[BlobTree.path(digest, generation).joined(separator: "/")] = directory
                } catch {
                    // A disk that takes no change takes none of the others either.
                    guard error.kind != .readOnly else { throw error }
                }
            }
            for (path, directory) in unsynced.sorted(by: { $0.key < $1.key }) {
                try directory.sync()
                unsynced[path] = nil
            }
        } catch {
            throw BlobError(error)
        }
        return removed
    }

    /// The generations there are, in order.
    func generations() throws(BlobError) -> [UInt64] {
        do throws(FileError) { return try BlobTree.generations(in: root) } catch {
            throw BlobError(error)
        }
    }

    /// The generations there are in a tree at `root`, in order.
    static func generations(in root: any Directory) throws(FileError) -> [UInt64] {
        try names(in: root) { $0.utf8.count == generationDigits ? UInt64($0) : nil }
    }

    /// What the names of a directory stand for, in their order, without those that stand for nothing.
    static func names<Found>(
        in directory: any Directory,
        _ found: (String) -> Found?
    ) throws(FileError) -> [Found] {
        var (all, last): ([Found], String) = ([], "")
        while true {
            let page = try directory.names(after: last, limit: namesPage)
            all += page.compactMap(found)
            guard page.count == namesPage, let end = page.last else { return all }
            last = end
        }
    }
}

/// Directories that were synced at a start: at most those of the copies on the shelf.
struct SyncedLeaves {
    fileprivate var paths: Set<String> = []
}
