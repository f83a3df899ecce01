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
        let values = try registry.read { view throws(CatalogError) -> [TagValue] in
            guard let row = try view.repository(name) else { return [] }
            return try view.history(row.number, tag, limit: Wire.pageMax)
        }
        guard !values.isEmpty else {
            throw Wire.Problem(message: "no tag '\(tag)' was ever in '\(name)'", isRefusal: true)
        }
        return Wire.TagHistory(
            values: values.map { value in
                Wire.TagValue(
                    digest: value.digest?.description,
                    milliseconds: value.stamp.milliseconds,
                    position: value.position
                )
            }
        )
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
