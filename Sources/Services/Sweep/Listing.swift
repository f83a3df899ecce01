// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI

/// The copies of a generation, page after page, past what the disk does not list.
struct Listing {
    enum Part {
        case copies([Digest])
        /// What the disk does not list.
        case unlisted(SweepState.Gap)
    }

    private let sweep: Sweep
    private let generation: UInt64
    private var after: Digest?

    init(sweep: Sweep, generation: UInt64, after: Digest? = nil) {
        self.sweep = sweep
        self.generation = generation
        self.after = after
    }

    /// What comes next; nil at the end.
    mutating func next() async throws(SweepError) -> Part? {
        do throws(BlobError) {
            let page = try await sweep.blobs.page(
                generation: generation,
                after: after,
                limit: sweep.options.pageMax
            )
            guard let last = page.last else { return nil }
            after = last
            return .copies(page)
        } catch {
            guard case .unlisted(let last, _) = error else { throw .blobs(error) }
            defer { after = last }
            return .unlisted(SweepState.Gap(generation: generation, after: after, last: last))
        }
    }
}
