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
                let leaves = try top.names(after: "", limit: BlobTree.namesPage)
                for leaf in leaves
                where leaf.utf8.count == 2
                    && !leaf.utf8.lexicographicallyPrecedes(from.prefix(2).utf8)
                    && from != TreeListing.lastDigits(algorithm, leaf)
                {
                    guard page.count < limit else { return page }
                    prefix = leaf
                    let names = try top.directory(leaf, .mustExist)
                        .names(after: from, limit: limit - page.count)
                    page += names.compactMap { Digest("\(algorithm.name):\($0)") }
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
