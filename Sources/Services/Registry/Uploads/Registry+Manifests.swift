// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Crypto
public import HTTP
import Journal
public import OCI
import Platform

extension Registry {
    /// Keeps a manifest, and makes tags name it, as one atomic change.
    ///
    /// `digest` is what the bytes must hash to, or nil when they are pushed by tag (then sha256).
    public func putManifest(
        _ repository: RepositoryName,
        _ manifest: Manifest,
        bytes: [UInt8],
        as digest: Digest,
        tags: [Tag],
        conditions: Preconditions?
    ) async throws(RegistryError) {
        var facts = ManifestFacts(
            digest: digest,
            size: UInt64(bytes.count),
            generation: .first,
            mediaType: manifest.mediaType,
            artifactType: manifest.artifactType,
            subject: manifest.subject?.digest,
            references: []
        )
        var seen: Set<ManifestReference> = []
        for (role, descriptor) in manifest.roles {
            let reference = ManifestReference(role: role, digest: descriptor.digest)
            if seen.insert(reference).inserted { facts.references.append(reference) }
        }
        try await naming(digest) { () async throws(RegistryError) in
            try await store(bytes, digest)
        } name: { [facts] receipt async throws(RegistryError) in
            #if SABOTAGE
            if Sabotage.makes("putsTagsOneAfterTheOther") {
                for tag in tags {
                    try await change(
                        repository,
                        .putManifest(facts, receipt, tags: [tag], conditions)
                    )
                }
            }
            #endif
            try await change(repository, .putManifest(facts, receipt, tags: tags, conditions))
        }
    }

    /// Stores bytes as a blob unless a sound copy that the catalog counts on is there.
    ///
    /// A copy that no entry names may lie there without a durable name: its process died between the
    /// rename and the sync of the directory. What the catalog counts on was durable before it did, or, where
    /// it was set aside and came again, is since the start.
    func store(
        _ bytes: [UInt8],
        _ digest: Digest
    ) async throws(RegistryError) -> Stored {
        let row = try read { view throws(CatalogError) in try view.content(digest) }
        if let row, await isSound(digest, row) {
            let receipt = Receipt(
                store: blobs.id,
                digest: digest,
                size: row.size,
                generation: row.generation.number
            )
            return Stored(receipt: receipt, isNew: false)
        }
        do throws(BlobError) {
            return try await storing(digest) { generation async throws(BlobError) in
                let staging = try await blobs.stage(
                    Identifier(from: world.random),
                    .begin,
                    expected: digest.algorithm
                )
                do throws(BlobError) {
                    try await staging.append(bytes, at: 0)
                    return try await staging.publish(as: digest, generation: generation)
                } catch {
                    // Nobody comes back to it.
                    try? await staging.cancel()
                    throw error
                }
            }
        } catch {
            throw .blobs(error)
        }
    }

    /// Whether the copy is there and hashes to its digest; one that is not is stored again and heals.
    private func isSound(_ digest: Digest, _ row: ContentRow) async -> Bool {
        do throws(RegistryError) {
            return try await verified(digest, row) != nil
        } catch {
            return false
        }
    }
}

extension Manifest {
    /// What it names, with the reason.
    ///
    /// What an index names may be a blob, as in the caches of BuildKit: its media type says so.
    var roles: [(ReferenceRole, Descriptor)] {
        (config.map { [(ReferenceRole.config, $0)] } ?? [])
            + layers.map { (Manifest.blobRole($0), $0) }
            + children.map { child in
                (MediaType.isManifest(child.mediaType) ? .child : Manifest.blobRole(child), child)
            }
    }

    private static func blobRole(_ descriptor: Descriptor) -> ReferenceRole {
        MediaType.isExternal(descriptor.mediaType) ? .external : .layer
    }
}
