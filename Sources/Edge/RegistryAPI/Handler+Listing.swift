// SPDX-License-Identifier: Apache-2.0

import HTTP
import JSON
import OCI
import Registry

// Content discovery (OCI distribution spec, "Content Discovery"), and docker's catalog.
extension DistributionHandler {
    /// end-8.
    func tags(_ name: RepositoryName, _ query: Query, _ head: RequestHead) throws -> Response {
        let limit = try limit(query)
        let after = try query.value("last")
        let plain = DistributionHandler.plainQuery(
            limit: try query.value("n") == nil ? nil : limit,
            after: after
        )
        let page = try registry.tagPage(
            name,
            after: after ?? "",
            limit: limit,
            keptFor: head.query ?? "" == plain ? plain : nil
        ) { page in
            let value = JSONValue.object([
                JSONValue.Member("name", .string(name.description)),
                JSONValue.Member("tags", .array(page.items.map { .string($0.description) })),
            ])
            return TagPage(
                body: value.encoded,
                link: next("/v2/\(name)/tags/list", page, limit).first?.1
            )
        }
        guard let page else { throw RegistryError.refused(.nameUnknown(name)) }
        return answer(with: page)
    }

    /// The answer with a page that is in memory.
    func answer(with page: TagPage) -> Response {
        var headers = Headers()
        headers.reserve(3)
        headers.append(DistributionHandler.version.0, DistributionHandler.version.1)
        headers.append("Content-Type", "application/json")
        if let link = page.link { headers.append("Link", link) }
        return Response(status: 200, headers: headers, body: .bytes(page.body))
    }

    /// The one spelling of a query for a page that memory answers: that of our own `Link`.
    ///
    /// Others ask for the same page, but what they could fill the memory with has no end.
    private static func plainQuery(limit: Int?, after: String?) -> String {
        [limit.map { "n=\($0)" }, after.map { "last=\(PercentCoding.encode($0))" }]
            .compactMap { $0 }
            .joined(separator: "&")
    }

    /// Docker's `/v2/_catalog`.
    func catalog(_ query: Query) throws -> Response {
        let limit = try limit(query)
        let page = try registry.repositories(
            after: try query.value("last") ?? "",
            limit: limit
        )
        return DistributionHandler.json(
            .object([
                JSONValue.Member(
                    "repositories",
                    .array(page.items.map { .string($0.description) })
                )
            ]),
            headers: next("/v2/_catalog", page, limit)
        )
    }

    /// end-12a, end-12b.
    ///
    /// Answers an empty index rather than 404, for names nobody pushed to as well.
    func referrers(
        _ name: RepositoryName,
        _ digest: Digest,
        _ query: Query
    ) async throws -> Response {
        let type = try query.value("artifactType")
        let limit = try limit(query)
        let after = try query.value("last").map(self.digest)
        let page = try await registry.referrers(
            name,
            of: digest,
            artifactType: type,
            after: after,
            limit: limit
        )
        var headers = next(
            "/v2/\(name)/referrers/\(digest)",
            page,
            limit,
            also: type.map { "&artifactType=\(PercentCoding.encode($0))" } ?? ""
        )
        if type != nil { headers.append(("OCI-Filters-Applied", "artifactType")) }
        return DistributionHandler.json(
            .object([
                JSONValue.Member("schemaVersion", .integer(2)),
                JSONValue.Member("mediaType", .string(MediaType.ociIndex)),
                JSONValue.Member(
                    "manifests",
                    .array(page.items.map(DistributionHandler.descriptor))
                ),
            ]),
            type: MediaType.ociIndex,
            headers: headers
        )
    }

    private static func descriptor(_ referrer: Registry.Referrer) -> JSONValue {
        var members = [
            JSONValue.Member("mediaType", .string(referrer.mediaType)),
            JSONValue.Member("digest", .string(referrer.digest.description)),
            JSONValue.Member("size", .integer(Int64(clamping: referrer.size))),
        ]
        if let type = referrer.artifactType {
            members.append(JSONValue.Member("artifactType", .string(type)))
        }
        if !referrer.annotations.isEmpty {
            members.append(
                JSONValue.Member(
                    "annotations",
                    .object(
                        referrer.annotations.map { JSONValue.Member($0.key, .string($0.value)) }
                    )
                )
            )
        }
        return .object(members)
    }

    /// `n`: a default without it, clamped when greater than the most, 0 for an empty page.
    private func limit(_ query: Query) throws -> Int {
        guard let text = try query.value("n") else { return options.pageDefault }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw RequestError.pageSize
        }
        return min(Int(text) ?? options.pageMax, options.pageMax)
    }

    /// The header that leads to the next page (RFC 8288).
    private func next<Item>(
        _ path: String,
        _ page: Registry.Page<Item>,
        _ limit: Int,
        also: String = ""
    ) -> [(String, String)] {
        guard let last = page.next else { return [] }
        let target = location("\(path)?n=\(limit)&last=\(PercentCoding.encode(last))\(also)")
        return [("Link", "<\(target)>; rel=\"next\"")]
    }
}
