// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTP
import Journal
import OCI
import Registry

extension ControlHandler {
    func repositories(_ query: Query) throws -> Wire.Repositories {
        let page = try registry.repositories(
            after: try query.value("after") ?? "",
            limit: Wire.pageMax
        )
        return Wire.Repositories(
            repositories: page.items.map { Wire.Repository(name: $0.description) }
        )
    }

    func deleteRepository(_ query: Query) async throws -> Wire.Changed {
        let name = try repository(try required(query, "repository"))
        try await registry.changeWholly(name, .deleteRepository)
        return Wire.Changed(summary: "'\(name)' has no tags, manifests or blobs any more")
    }

    func addTag(_ query: Query) async throws -> Wire.Changed {
        let name = try repository(try required(query, "repository"))
        let tag = try tag(try required(query, "tag"))
        let digest = try await digest(name, try reference(try required(query, "reference")))
        try await registry.change(name, .putTags([tag], digest))
        return Wire.Changed(summary: "\(name):\(tag) is \(digest)", digest: digest.description)
    }

    func removeTag(_ query: Query) async throws -> Wire.Changed {
        let name = try repository(try required(query, "repository"))
        let tag = try tag(try required(query, "tag"))
        try await registry.change(name, .deleteTag(tag))
        return Wire.Changed(summary: "\(name):\(tag) is gone; its image stays, by digest")
    }

    func history(_ query: Query) throws -> Wire.TagHistory {
        let name = try repository(try required(query, "repository"))
        let tag = try tag(try required(query, "tag"))
        let (limit, before) = (try pageLimit(query), try query.value("before").map(place))
        let found = try registry.read { view throws(CatalogError) -> [TagValue] in
            guard let row = try view.repository(name) else { return [] }
            return try view.history(row.number, tag, before: before, limit: limit + 1)
        }
        guard before != nil || !found.isEmpty else {
            throw Wire.Problem(message: "no tag '\(tag)' was ever in '\(name)'", isRefusal: true)
        }
        let values = found.prefix(limit)
        return Wire.TagHistory(
            values: values.map { value in
                Wire.TagValue(
                    digest: value.digest?.description,
                    milliseconds: value.stamp.milliseconds,
                    position: value.position
                )
            },
            next: found.count > limit
                ? values.last.map { "\($0.position).\($0.ordinal)" } : nil
        )
    }

    /// How many items the page may have: the most, unless fewer are asked for.
    private func pageLimit(_ query: Query) throws -> Int {
        guard let text = try query.value("limit") else { return Wire.pageMax }
        guard let limit = Int(text), limit > 0 else {
            throw Wire.Problem(message: "a page has 1 to \(Wire.pageMax) items", isRefusal: true)
        }
        return min(limit, Wire.pageMax)
    }

    /// An event's place in the region journal, as `next` has it.
    private func place(_ text: String) throws -> (position: UInt64, ordinal: UInt64) {
        let parts = text.split(separator: ".").map { UInt64($0) }
        guard parts.count == 2, let position = parts[0], let ordinal = parts[1] else {
            throw Wire.Problem(message: "'\(text)' is no place to go on from", isRefusal: true)
        }
        return (position, ordinal)
    }

    func copyImage(_ query: Query) async throws -> Wire.Changed {
        let source = try repository(try required(query, "from"))
        let digest = try await digest(source, try reference(try required(query, "reference")))
        let target = try repository(try required(query, "to"))
        let tag = try query.value("tag").map(tag)
        try await registry.change(target, .copyImage(from: source, digest, tag: tag))
        return Wire.Changed(
            summary: "\(target)\(tag.map { ":\($0)" } ?? "") is \(digest)",
            digest: digest.description
        )
    }

    func deleteImage(_ query: Query) async throws -> Wire.Changed {
        let name = try repository(try required(query, "repository"))
        let digest = try await digest(name, try reference(try required(query, "reference")))
        try await registry.changeWholly(name, .deleteManifest(digest))
        return Wire.Changed(
            summary: "\(digest) and its tags are gone from '\(name)'",
            digest: digest.description
        )
    }

    private func digest(
        _ name: RepositoryName,
        _ reference: Reference
    ) async throws -> Digest {
        guard let content = try await registry.manifest(name, reference) else {
            throw Wire.Problem(message: "no such image in '\(name)'", isRefusal: true)
        }
        return content.digest
    }
}
