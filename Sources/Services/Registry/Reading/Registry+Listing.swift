// SPDX-License-Identifier: Apache-2.0

import Catalog
public import OCI

extension Registry {
    /// A page of something, and where the next begins.
    public struct Page<Item: Sendable>: Sendable {
        /// In order.
        public var items: [Item]
        /// What the next page comes after; nil when there is none, or nothing was asked for.
        public var next: String?
    }

    /// Tags greater than `after` in byte order; nil when no entry ever named the repository.
    public func tags(
        _ repository: RepositoryName,
        after: String,
        limit: Int
    ) throws(RegistryError) -> Page<Tag>? {
        try read { view throws(CatalogError) in
            guard let row = try view.repository(repository) else { return nil }
            return Page(try view.tags(row.number, after: after, limit: limit + 1), limit)
        }
    }

    /// Repositories that have a manifest, with names greater than `after` in byte order.
    public func repositories(
        after: String,
        limit: Int
    ) throws(RegistryError) -> Page<RepositoryName> {
        try read { view throws(CatalogError) in
            Page(try view.repositories(after: after, limit: limit + 1), limit)
        }
    }

    /// One manifest of a referrers answer, as a descriptor.
    public struct Referrer: Sendable {
        /// The manifest's digest.
        public var digest: Digest
        /// Its media type.
        public var mediaType: String
        /// Its length in bytes.
        public var size: UInt64
        /// Its artifact type.
        public var artifactType: String?
        /// Its annotations.
        public var annotations: [(key: String, value: String)]
    }

    /// Bytes of manifests read for one page of referrers; the page ends there.
    public static let referrersBytesMax: UInt64 = 4 << 20

    /// Manifests whose subject is the digest, of one artifact type if given, in order of digest.
    ///
    /// Right also when the subject came later or never: it is the referrer that names it.
    public func referrers(
        _ repository: RepositoryName,
        of subject: Digest,
        artifactType: String?,
        after: Digest?,
        limit: Int
    ) async throws(RegistryError) -> Page<Referrer> {
        let digests = try read { view throws(CatalogError) -> [Digest] in
            guard let row = try view.repository(repository) else { return [] }
            return try view.referrers(
                row.number,
                of: subject,
                artifactType: artifactType,
                after: after,
                limit: limit + 1
            )
        }
        var page = Page<Referrer>(items: [])
        var bytes: UInt64 = 0
        for (index, digest) in digests.enumerated() {
            guard index < limit, bytes < Registry.referrersBytesMax else {
                page.next = index > 0 ? digests[index - 1].description : nil
                break
            }
            // One that was deleted meanwhile is left out; one that is lost is no reason to say that the
            // list is not there.
            let content: Content?
            do throws(RegistryError) {
                content = try await manifest(repository, .digest(digest))
            } catch .contentLost(let lost, _) {
                throw .contentLost(lost, mayReturn: true)
            }
            guard let content else { continue }
            bytes += UInt64(content.bytes.count)
            page.items.append(try referrer(content))
        }
        return page
    }

    private func referrer(_ content: Content) throws(RegistryError) -> Referrer {
        // It was taken, perhaps under other limits than today's.
        var limits = Manifest.Limits()
        limits.referencesMax = .max
        limits.depthMax = .max
        limits.valuesMax = .max
        do throws(ManifestError) {
            let manifest = try Manifest.parse(
                content.bytes,
                contentType: content.mediaType,
                limits: limits
            )
            return Referrer(
                digest: content.digest,
                mediaType: content.mediaType,
                size: UInt64(content.bytes.count),
                artifactType: manifest.artifactType,
                annotations: manifest.annotations
            )
        } catch {
            throw .contentLost(content.digest, mayReturn: true)
        }
    }
}

extension Registry.Page where Item: CustomStringConvertible {
    /// A page of at most `limit` of `found`, which was asked for one more.
    init(_ found: [Item], _ limit: Int) {
        items = Array(found.prefix(limit))
        next = found.count > limit ? items.last?.description : nil
    }
}
