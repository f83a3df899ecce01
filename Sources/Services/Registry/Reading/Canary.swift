// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Journal
import OCI
import Platform
import Synchronization

/// Content of our own that is read end to end, past our caches, to know that reading works.
///
/// An image of one small layer in a repository no client can spell, so that an empty registry is
/// healthy. One result is shared for a second, so that probes cost nothing.
public final class Canary: Sendable {
    /// How long a result is shared.
    public static let sharedFor: Duration = .seconds(1)

    private static let config = Array("{\"breakwater\":\"canary\"}".utf8)
    private static let layer = Array("This content is read to know that reading works.\n".utf8)

    private let registry: Registry
    private let state = Mutex(State())

    private struct State {
        var last: Result?
        var isReading = false
    }

    private struct Result {
        var at: Duration
        var failure: String?
    }

    /// Makes a canary of a registry.
    public init(_ registry: Registry) {
        self.registry = registry
    }

    /// Puts the content there if it is not; needs a registry that takes writes.
    public func place() async throws(RegistryError) {
        // Not by way of the cache, where a client could find it without spelling its name.
        guard let tag = Tag("latest"), try rows().isEmpty else { return }
        var digests: [Digest] = []
        for bytes in [Canary.config, Canary.layer] {
            let digest = Digest.of(bytes)
            try await registry.naming(digest) { () throws(RegistryError) in
                try await registry.store(bytes, digest)
            } name: { receipt throws(RegistryError) in
                try await registry.change(.canary, .linkBlob(receipt))
            }
            digests.append(digest)
        }
        let text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":\
            "application/vnd.oci.empty.v1+json","digest":"\(digests[0])",\
            "size":\(Canary.config.count)},"layers":[{"mediaType":"text/plain",\
            "digest":"\(digests[1])","size":\(Canary.layer.count)}]}
            """
        let bytes = Array(text.utf8)
        let manifest: Manifest
        do throws(ManifestError) {
            manifest = try Manifest.parse(bytes, contentType: nil)
        } catch {
            preconditionFailure("our own manifest is refused: \(error)")
        }
        try await registry.putManifest(
            .canary,
            manifest,
            bytes: bytes,
            as: Digest.of(bytes),
            tags: [tag],
            conditions: nil
        )
    }

    /// Why the content could not be read just now, or nil when every byte of it was right.
    ///
    /// While somebody reads, others are given the result before.
    public func failure() async -> String? {
        let now = registry.world.clocks.monotonic()
        let shared = state.withLock { state -> Result? in
            if let last = state.last, state.isReading || now - last.at < Canary.sharedFor {
                return last
            }
            state.isReading = true
            return nil
        }
        if let shared { return shared.failure }
        let failure = await read()
        state.withLock { $0 = State(last: Result(at: now, failure: failure)) }
        return failure
    }

    private func read() async -> String? {
        do throws(RegistryError) {
            let rows = try rows()
            guard rows.count == 3 else { return "the canary content is not in the catalog" }
            for (digest, row) in rows { _ = try await registry.verified(digest, row) }
            return nil
        } catch {
            return "the canary content cannot be read: \(error)"
        }
    }

    /// The manifest, the config and the layer in the catalog; nothing when one of them is not there.
    private func rows() throws(RegistryError) -> [(Digest, ContentRow)] {
        try registry.read { view throws(CatalogError) in
            guard let row = try view.repository(.canary), let tag = Tag("latest"),
                let digest = try view.tag(row.number, tag),
                let manifest = try view.manifest(row.number, digest)
            else { return [] }
            let facts = manifest.facts
            var rows = [(digest, ContentRow(generation: facts.generation, size: facts.size))]
            for reference in facts.references {
                guard let blob = try view.link(row.number, reference.digest) else { return [] }
                rows.append((reference.digest, blob))
            }
            return rows
        }
    }
}
