// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A page of a repository's tags as clients get it, kept until one of the repository's tags changes.
public final class TagPage: Sendable {
    /// The encoded page.
    public let body: [UInt8]
    /// The value of the `Link` header that leads to the next page; nil after the last.
    public let link: String?

    /// Makes a page.
    public init(body: [UInt8], link: String?) {
        self.body = body
        self.link = link
    }

    /// Pages get this part of the room that contents have: many clients that page with queries of their
    /// own must not empty the cache of what hosts pull.
    static let share = 8

    /// What it costs in memory, with the key it is kept under.
    func cost(_ key: String) -> Int {
        body.count + (link?.utf8.count ?? 0) + 2 * key.utf8.count + TagPage.overhead
    }

    /// Object headers, the slot and its place in the queue.
    private static let overhead = 512
}

extension Registry {
    /// The page that memory has for a request's path and query; never blocks.
    public func pageInMemory(_ path: String, _ query: String?) -> TagPage? {
        pages.value(Registry.pageKey(path, query))
    }

    /// Tags greater than `after` in byte order, encoded; nil when no entry ever named the repository.
    ///
    /// With a `query`, the page is kept for whoever asks with exactly this one.
    public func tagPage(
        _ repository: RepositoryName,
        after: String,
        limit: Int,
        keptFor query: String?,
        encode: (Page<Tag>) -> TagPage
    ) throws(RegistryError) -> TagPage? {
        let ticket = pages.ticket()
        guard let tags = try tags(repository, after: after, limit: limit) else { return nil }
        let page = encode(tags)
        if let query {
            let group = Registry.tagsKey(repository)
            let key = Registry.pageKey(group, query)
            pages.insert(key, page, cost: page.cost(key), group: group, ticket)
        }
        return page
    }

    /// A request's path and query; no query and an empty one ask for the same.
    private static func pageKey(_ path: String, _ query: String?) -> String {
        "\(path)?\(query ?? "")"
    }
}
