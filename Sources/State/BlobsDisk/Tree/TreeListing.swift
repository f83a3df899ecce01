// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI
import Platform

/// What there is of one generation: first by algorithm, then by digits.
struct TreeListing {
    /// The tree's root.
    let root: any Directory
    let generation: UInt64

    /// A page of what is greater than `after`.
    ///
    /// A directory that cannot be read is told when nothing comes before it: whoever asks can go on behind it.
    func page(after: Digest?, limit: Int) throws(BlobError) -> [Digest] {
        var page: [Digest] = []
        for algorithm in Digest.Algorithm.allCases {
            if let after, algorithm.rawValue < after.algorithm.rawValue { continue }
            var prefix = ""
            guard after?.hex != TreeListing.lastDigits(algorithm, prefix) else { continue }
            let from = after?.algorithm == algorithm ? after?.hex ?? "" : ""
            do throws(FileError) {
                let top = try root.directory(BlobTree.name(generation), .mustExist)
                    .directory(algorithm.name, .mustExist)
                let leaves: [String] = try BlobTree.names(in: top) { name in
                    TreeListing.isPrefix(name) ? name : nil
                }
                for leaf in leaves
                where !leaf.utf8.lexicographicallyPrecedes(from.prefix(2).utf8)
                    && from != TreeListing.lastDigits(algorithm, leaf)
                {
                    guard page.count < limit else { return page }
                    prefix = leaf
                    let directory = try top.directory(leaf, .mustExist)
                    try TreeListing.add(directory, algorithm, leaf, after: from, to: &page, limit)
                }
            } catch {
                if error.kind == .notFound, prefix.isEmpty { continue }
                // What comes before it is given first.
                guard page.isEmpty else { return page }
                throw TreeListing.unlisted(algorithm, prefix, error)
            }
        }
        return page
    }

    /// Adds what a directory has behind `after`, past the names that no copy of it has, until the page is
    /// full or the directory's names are at their end.
    private static func add(
        _ directory: any Directory,
        _ algorithm: Digest.Algorithm,
        _ prefix: String,
        after: String,
        to page: inout [Digest],
        _ limit: Int
    ) throws(FileError) {
        var (last, asked) = (after, limit - page.count)
        while page.count < limit {
            let names = try directory.names(after: last, limit: asked)
            let copies = names.compactMap { Digest("\(algorithm.name):\($0)") }
                .filter { $0.hex.hasPrefix(prefix) }
            page += copies.prefix(limit - page.count)
            guard names.count == asked, let end = names.last else { return }
            // Where there are foreign names there may be many.
            (last, asked) = (end, BlobTree.namesPage)
        }
    }

    /// Whether a directory of copies can be called so; what has another name is not ours.
    private static func isPrefix(_ name: String) -> Bool {
        name.utf8.count == 2
            && name.utf8.allSatisfy { digit in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(digit)
            }
    }

    private static func unlisted(
        _ algorithm: Digest.Algorithm,
        _ prefix: String,
        _ error: FileError
    ) -> BlobError {
        let last = "\(algorithm.name):\(lastDigits(algorithm, prefix))"
        guard let digest = Digest(last) else { return BlobError(error) }
        return .unlisted(upTo: digest, error)
    }

    /// The digits of the greatest digest that a directory can have.
    private static func lastDigits(_ algorithm: Digest.Algorithm, _ prefix: String) -> String {
        prefix + String(repeating: "f", count: 2 * algorithm.byteCount - prefix.utf8.count)
    }
}
