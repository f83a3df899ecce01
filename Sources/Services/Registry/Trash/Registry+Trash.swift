// SPDX-License-Identifier: Apache-2.0

public import Catalog
import Journal
public import OCI
import Platform

extension Registry {
    /// Up to `limit` repositories from which something can be had back, by their numbers, behind one.
    public func trashedRepositories(
        after number: Int64,
        limit: Int
    ) throws(RegistryError) -> [TrashedRepository] {
        let since = try trashBegins()
        return try read { view throws(CatalogError) in
            var found: [Int64: (key: RepositoryKey, manifests: UInt64, tags: UInt64)] = [:]
            for row in try view.trashedRepositories(after: number, limit: limit) {
                found[row.number] = (row.key, row.manifests, 0)
            }
            for row in try view.repositoriesWithEndedTags(
                since: since,
                after: number,
                limit: limit
            ) {
                found[row.number, default: (row.key, 0, 0)].tags = row.tags
            }
            var page: [TrashedRepository] = []
            for (number, row) in found.sorted(by: { $0.key < $1.key }).prefix(limit) {
                guard let name = try view.name(of: row.key) else {
                    throw .damaged("a repository's namespace has no name; run 'catalog rebuild'")
                }
                page.append(
                    TrashedRepository(
                        number: number,
                        name: name,
                        manifests: row.manifests,
                        tags: row.tags
                    )
                )
            }
            return page
        }
    }

    /// Manifests in a repository's trash with digests greater than `after`; nil when no entry ever named
    /// the repository.
    public func trash(
        _ repository: RepositoryName,
        after: Digest?,
        limit: Int
    ) throws(RegistryError) -> [TrashedManifest]? {
        try read { view throws(CatalogError) in
            guard let row = try view.repository(repository) else { return nil }
            return try view.trash(row.number, after: after, limit: limit)
        }
    }

    /// Values that tags of a repository had and that can be had back, from behind one, and whether there
    /// are more behind them; nil when no entry ever named the repository.
    public func trashedTags(
        _ repository: RepositoryName,
        after place: (tag: String, position: UInt64, ordinal: UInt64)?,
        limit: Int
    ) throws(RegistryError) -> (tags: [EndedTag], next: EndedTag?)? {
        let since = try trashBegins()
        return try read { view throws(CatalogError) in
            guard let row = try view.repository(repository) else { return nil }
            let page = try view.endedTags(row.number, after: place, limit: limit)
            var tags: [EndedTag] = []
            for ended in page where ended.stamp.milliseconds >= since {
                let isLive = try view.manifestContent(row.number, ended.digest) != nil
                let isTrashed = try view.trashed(row.number, ended.digest) != nil
                if isLive || isTrashed { tags.append(ended) }
            }
            return (tags, page.count < limit ? nil : page.last)
        }
    }

    /// When a tag must have ended at the earliest to be given back, in milliseconds since 1970.
    func trashBegins() throws(RegistryError) -> UInt64 {
        let now = try expiryNow()
        return now - min(now, options.registrar.times.trash)
    }

    /// Lets the trash go of a manifest before its time, and returns when the last link of what it named
    /// ends, in milliseconds since 1970; nil when none ends by itself.
    ///
    /// `now` ends those links too; refused while somebody may count on them.
    public func purge(
        _ repository: RepositoryName,
        _ digest: Digest,
        now isNow: Bool = false,
        because reason: String
    ) async throws(RegistryError) -> UInt64? {
        let blobs = try read { view throws(CatalogError) -> [Digest] in
            guard let row = try view.repository(repository) else { return [] }
            return try view.trashed(row.number, digest)?.facts.references
                .filter(\.role.isBlob).map(\.digest) ?? []
        }
        if isNow {
            // Nobody may be told anew between the look and the entry.
            let last = told.beginEnding(repository)
            defer { told.end(repository) }
            let promised = Duration.milliseconds(
                Int64(clamping: options.registrar.times.promised)
            )
            let left = last + promised - world.clocks.monotonic()
            guard left <= .zero else {
                let wait = UInt64(max(1, left / .milliseconds(1)))
                throw .refused(.promised(until: world.clocks.wallMilliseconds() + wait))
            }
            try await change(repository, .purge(digest, now: true, reason: reason))
        } else {
            try await change(repository, .purge(digest, now: false, reason: reason))
        }
        return try read { view throws(CatalogError) -> UInt64? in
            guard let row = try view.repository(repository) else { return nil }
            var latest: UInt64?
            for blob in blobs {
                guard let expires = try view.expiry(row.number, blob) else { continue }
                latest = max(latest ?? 0, expires)
            }
            return latest
        }
    }
}
