// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Crypto
import HTTP
import Journal
public import OCI
import Platform

extension Registry {
    /// Makes the catalog's projection anew from the entries; changes are refused meanwhile.
    public func rebuildCatalog(
        _ progress: @Sendable (UInt64, UInt64) -> Void
    ) async throws(RegistryError) {
        try await registrar.exclusively(because: "the catalog is being rebuilt; try again") {
            () throws(RegistryError) in
            // What memory has was read from the tables before, which may have been wrong (I5).
            defer {
                answers.empty()
                pages.empty()
            }
            do throws(CatalogError) { try catalog.rebuild(progress) } catch {
                throw .catalog(error)
            }
        }
    }

    /// What a comparison of catalog and content found.
    public struct Verification: Sendable {
        /// Digests the catalog names.
        public var named = 0
        /// Bytes hashed, when that was asked for.
        public var bytesHashed: UInt64 = 0
        /// Digests the catalog names without a copy here, or with one of another length.
        public var missing: [Digest] = []
        /// Copies that were found corrupt and are set aside now.
        public var quarantined = 0
        /// Digests whose copy hashes to something else or cannot be read.
        public var damaged: [Digest] = []
        /// Copies that nothing names; the sweep will free them.
        public var orphans = 0
        /// Directories of content that the disk does not list; what they have is not counted.
        public var unlisted = 0

        /// The most digests each list holds; more are still counted by the lists' siblings.
        public static let listedMax = 1000
        /// Digests the catalog names whose copy is not well.
        public var unsound = 0
        /// Whether every named digest has its copy, and everything could be looked at.
        public var isSound: Bool { unsound == 0 && unlisted == 0 }
    }

    /// Compares the catalog with the content, both ways; `deep` reads and hashes every copy.
    ///
    /// `progress` is told how many of the catalog's digests were looked for, and how many there were at
    /// the begin.
    public func verifyContent(
        deep: Bool,
        _ progress: @Sendable (_ done: Int, _ total: UInt64) async -> Void
    ) async throws(RegistryError) -> Verification {
        let total = try read { view throws(CatalogError) in try view.contentCount() }
        var report = Verification()
        var after: Digest?
        while true {
            let page = try read { view throws(CatalogError) in
                try view.contents(after: after, limit: Registry.verifyPage)
            }
            guard let last = page.last else { break }
            for (digest, row) in page { try await verify(digest, row, deep: deep, &report) }
            after = last.0
            await progress(report.named, max(total, UInt64(report.named)))
        }
        try await countOrphans(&report)
        return report
    }

    private static let verifyPage = 500
    private static let hashChunk = 1 << 20

    private func verify(
        _ digest: Digest,
        _ row: ContentRow,
        deep: Bool,
        _ report: inout Verification
    ) async throws(RegistryError) {
        report.named += 1
        do {
            guard let region = try await blobs.open(digest, generation: row.generation.number)
            else {
                guard try counts(on: row, digest) else { return }
                report.note(digest, in: \.missing)
                await noteLost(digest, row, nil)
                return
            }
            guard region.count == row.size else {
                report.note(digest, in: \.missing)
                if await setAside(region, of: digest, row, because: .length) {
                    report.quarantined += 1
                }
                return
            }
            guard deep else { return }
            var hash = DigestContext(digest.algorithm)
            var position: UInt64 = 0
            while position < row.size {
                guard
                    let bytes = try? region.read(at: position, limit: Registry.hashChunk),
                    !bytes.isEmpty
                else {
                    report.note(digest, in: \.damaged)
                    return
                }
                hash.update(bytes)
                position += UInt64(bytes.count)
            }
            report.bytesHashed += position
            guard hash.finish() != digest else { return }
            report.note(digest, in: \.damaged)
            if await setAside(region, of: digest, row, because: .bytes) { report.quarantined += 1 }
        } catch let error as BlobError {
            guard case .trouble = error else { throw .blobs(error) }
            report.note(digest, in: \.damaged)
        } catch let error as RegistryError {
            throw error
        } catch {
            preconditionFailure("stores and the catalog throw nothing else: \(error)")
        }
    }

    /// Whether the catalog still has this row: what lost its last name since it was read may be gone.
    func counts(
        on row: ContentRow,
        _ digest: Digest
    ) throws(RegistryError) -> Bool {
        try read { view throws(CatalogError) in try view.content(digest) } == row
    }

    private func countOrphans(_ report: inout Verification) async throws(RegistryError) {
        do throws(BlobError) {
            for generation in try await blobs.generations() {
                var after: Digest?
                while let (last, orphans) = try await orphans(generation, after) {
                    after = last
                    if let orphans { report.orphans += orphans } else { report.unlisted += 1 }
                }
            }
        } catch { throw .blobs(error) }
    }

    /// How many of the next copies of a generation nothing names, and where they end; no number where the
    /// disk does not list them, and nothing at the end.
    private func orphans(
        _ generation: UInt64,
        _ after: Digest?
    ) async throws(BlobError) -> (last: Digest, count: Int?)? {
        do throws(BlobError) {
            let page = try await blobs.page(
                generation: generation,
                after: after,
                limit: Registry.verifyPage
            )
            guard let last = page.last else { return nil }
            return (last, try unnamed(page, generation))
        } catch {
            guard case .unlisted(let last, _) = error else { throw error }
            return (last, nil)
        }
    }

    private func unnamed(_ page: [Digest], _ generation: UInt64) throws(BlobError) -> Int {
        do throws(CatalogError) {
            return try catalog.read { view throws(CatalogError) in
                var count = 0
                for digest in page
                where try view.content(digest)?.generation.number != generation {
                    count += 1
                }
                return count
            }
        } catch {
            throw .trouble(
                FileError(kind: .other, errno: 0, operation: "read the catalog: \(error)")
            )
        }
    }
}

extension Registry.Verification {
    mutating func note(_ digest: Digest, in list: WritableKeyPath<Self, [Digest]>) {
        unsound += 1
        if self[keyPath: list].count < Self.listedMax { self[keyPath: list].append(digest) }
    }
}
