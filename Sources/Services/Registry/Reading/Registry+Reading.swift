// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Crypto
public import HTTP
import Journal
public import OCI
import Platform

extension Registry {
    /// What memory has under a request's path, which asks for it: a manifest is pulled; never blocks.
    public func inMemory(_ path: String) -> Content? {
        guard let content = answers.value(path) else { return nil }
        if !content.isBlob { pulls.note(content, at: path) }
        return content
    }

    /// A manifest by tag or digest; nil when the repository has none of that name.
    public func manifest(
        _ repository: RepositoryName,
        _ reference: Reference
    ) async throws(RegistryError) -> Content? {
        let key = Registry.manifestKey(repository, reference.text)
        if let known = answers.value(key) { return known }
        let ticket = answers.ticket()
        let found = try read { view throws(CatalogError) -> (Digest, String, ContentRow)? in
            guard let row = try view.repository(repository) else { return nil }
            let digest: Digest
            switch reference {
            case .digest(let named): digest = named
            case .tag(let tag):
                guard let current = try view.tag(row.number, tag) else { return nil }
                digest = current
            }
            guard let manifest = try view.manifestContent(row.number, digest) else { return nil }
            return (digest, manifest.mediaType, manifest.content)
        }
        guard let (digest, mediaType, row) = found,
            // As large as it was taken, whatever the limit is today.
            let bytes = try await verified(digest, row)
        else { return nil }
        let content = Content(
            digest,
            mediaType,
            bytes,
            isByDigest: reference == .digest(digest),
            isBlob: false
        )
        answers.insert(key, content, cost: content.cost(key), ticket)
        return content
    }

    /// A blob that the repository sees.
    public enum Blob: Sendable {
        /// Small: in memory, verified.
        case content(Content)
        /// Large: a file, to be sent from there.
        case region(any FileRegion)

        /// Its length in bytes.
        public var size: UInt64 {
            switch self {
            case .content(let content): UInt64(content.bytes.count)
            case .region(let region): region.count
            }
        }
    }

    /// A blob by digest; nil unless the journal links it to this repository (I9).
    ///
    /// To tell a client that it exists is a `promise` for some time: a link that ends before that is none,
    /// so that the bytes are sent again.
    public func blob(
        _ repository: RepositoryName,
        _ digest: Digest,
        promise: Bool = false
    ) async throws(RegistryError) -> Blob? {
        let key = Registry.blobKey(repository, digest)
        if let known = answers.value(key) { return .content(known) }
        let ticket = answers.ticket()
        let found = try read { view throws(CatalogError) -> (ContentRow, UInt64?, UInt64)? in
            guard let row = try view.repository(repository),
                let content = try view.link(row.number, digest)
            else { return nil }
            return (content, try view.expiry(row.number, digest), try view.horizon())
        }
        guard let (row, expires, horizon) = found else { return nil }
        if promise, !self.promise(repository, until: expires, horizon: horizon) { return nil }
        guard row.size <= options.cachedBlobMax else {
            return try await open(digest, row).map { .region($0.region) }
        }
        guard let bytes = try await verified(digest, row) else { return nil }
        let content = Content(
            digest,
            "application/octet-stream",
            bytes,
            isByDigest: true,
            isBlob: true
        )
        // Memory answers without a look at times: only what does not end by itself is kept there.
        if expires == nil {
            answers.insert(
                key,
                content,
                cost: content.cost(key),
                group: Registry.blobsKey(repository),
                ticket
            )
        }
        return .content(content)
    }

    /// Promises who asks that he may count on a link that ends then for some time; false where he may not.
    func promise(_ repository: RepositoryName, until expires: UInt64?, horizon: UInt64) -> Bool {
        guard expires != nil else { return true }
        #if SABOTAGE
        if Sabotage.makes("endsPromisedLinks") { return true }
        #endif
        let time = max(world.clocks.wallMilliseconds(), expiryClock.now(horizon: horizon))
        return options.registrar.times.isPromised(until: expires, at: time)
            && told.note(repository, at: world.clocks.monotonic())
    }

    /// Reads a whole copy and checks it against its digest (I3).
    ///
    /// Only for manifests and small blobs: it is in memory as a whole. Nil when nothing names the digest
    /// any more.
    func verified(_ digest: Digest, _ row: ContentRow) async throws(RegistryError) -> [UInt8]? {
        guard let (region, row) = try await open(digest, row) else { return nil }
        let bytes: [UInt8]
        do { bytes = try region.read(at: 0, limit: Int(row.size)) } catch let error as FileError {
            // The next try may read it: what cannot be read is not lost.
            throw .blobs(.trouble(error))
        } catch {
            throw lost(digest)
        }
        guard Digest.of(bytes, digest.algorithm) == digest else {
            _ = await setAside(region, of: digest, row, because: .bytes)
            #if SABOTAGE
            if Sabotage.makes("servesWhatItFoundDamaged") { return bytes }
            #endif
            throw lost(digest)
        }
        return bytes
    }

    /// Whether the copy that the catalog counts on is here; of one that is not, the bytes must come again.
    func hasCopy(_ digest: Digest) async throws(RegistryError) -> Bool {
        let row = try read { view throws(CatalogError) in try view.content(digest) }
        guard let row else { return false }
        do throws(BlobError) {
            return try await blobs.stat(digest, generation: row.generation.number) == row.size
        } catch { throw .blobs(error) }
    }

    /// Opens the copy that a row counts on, or that the row which has taken its place counts on; nil when
    /// nothing names the digest any more and the sweep was faster.
    private func open(
        _ digest: Digest,
        _ row: ContentRow
    ) async throws(RegistryError) -> (region: any FileRegion, row: ContentRow)? {
        let region: (any FileRegion)?
        do throws(BlobError) {
            region = try await blobs.open(digest, generation: row.generation.number)
        } catch { throw .blobs(error) }
        guard let region else {
            let now = try read { view throws(CatalogError) in try view.content(digest) }
            guard let now else { return nil }
            // Each row has a greater generation than the one before it.
            guard now.generation > row.generation else {
                await noteLost(digest, row, nil)
                throw lost(digest)
            }
            return try await open(digest, now)
        }
        guard region.count == row.size else {
            _ = await setAside(region, of: digest, row, because: .length)
            throw lost(digest)
        }
        return (region, row)
    }
}

extension Reference {
    /// The tag or the digest as text.
    var text: String {
        switch self {
        case .tag(let tag): tag.description
        case .digest(let digest): digest.description
        }
    }
}
