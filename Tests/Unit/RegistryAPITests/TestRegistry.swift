// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Catalog
import Contracts
import Crypto
import HTTP
import JSON
import Journal
import OCI
import Platform
import Registry
import RegistryAPI
import Testing

/// A whole registry over a directory of its own, asked without sockets; the directory goes with it.
final class TestRegistry: Sendable {
    private let temporary: TemporaryDirectory
    let registry: Registry
    let handler: DistributionHandler
    let catalog: Catalog
    let store: DiskBlobStore
    private let keyring: Keyring
    private let api: DistributionHandler.Options

    init(
        options: Registry.Options = Registry.Options(),
        sequencer: any Sequencer = LocalSequencer(),
        api: DistributionHandler.Options = DistributionHandler.Options()
    ) throws {
        let world = World.linux()
        temporary = try TemporaryDirectory()
        let directory = temporary.directory
        var disk = DiskBlobStore.Options()
        disk.freeBytesFloor = 1 << 20
        store = try DiskBlobStore(in: directory, world: world, options: disk)
        self.api = api
        catalog = try Catalog(at: temporary.path, world: world)
        keyring = try Keyring.open(in: directory, world: world).keyring
        registry = Registry(
            world: world,
            catalog: catalog,
            blobs: store,
            sequencer: sequencer,
            keyring: keyring,
            options: options
        )
        handler = DistributionHandler(registry: registry, options: api)
    }

    /// Another handler over the same files, which has read nothing yet.
    func handlerWithoutMemory(
        options: Registry.Options = Registry.Options()
    ) -> DistributionHandler {
        let registry = Registry(
            world: World.linux(),
            catalog: catalog,
            blobs: store,
            sequencer: LocalSequencer(),
            keyring: keyring,
            options: options
        )
        return DistributionHandler(registry: registry, options: api)
    }

    deinit {
        try? catalog.close()
    }

    /// Sends a request as the transport would: memory first, then the rest.
    func send(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async -> Response {
        let halves = target.split(separator: "?", maxSplits: 1)
        var fields = Headers(headers)
        if !body.isEmpty, fields["Content-Length"] == nil {
            fields.append("Content-Length", String(body.count))
        }
        let head = RequestHead(
            method: method,
            path: String(halves[0]),
            query: halves.count > 1 ? String(halves[1]) : nil,
            headers: fields
        )
        if body.isEmpty, let now = handler.answerNow(head) { return now }
        return await handler.answer(head, body: BufferedBody(body))
    }

    /// Pushes a blob in one request.
    @discardableResult
    func push(
        blob: [UInt8],
        to name: String,
        _ algorithm: Digest.Algorithm = .sha256
    ) async -> Digest {
        let digest = Digest.of(blob, algorithm)
        let begun = await send("POST", "/v2/\(name)/blobs/uploads/?digest=\(digest)", body: blob)
        #expect(begun.status == 201)
        return digest
    }

    /// Pushes an image of one layer and returns its manifest's bytes.
    @discardableResult
    func push(
        image seed: String,
        to name: String,
        tag: String,
        subject: Digest? = nil,
        artifactType: String? = nil
    ) async -> (bytes: [UInt8], digest: Digest) {
        let config = Array("{\"seed\":\"\(seed)\"}".utf8)
        let layer = Array("layer of \(seed)".utf8)
        let configDigest = await push(blob: config, to: name)
        let layerDigest = await push(blob: layer, to: name)
        var text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":\
            "application/vnd.oci.image.config.v1+json","digest":"\(configDigest)","size":\(config.count)},\
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\(layerDigest)",\
            "size":\(layer.count)}]
            """
        if let artifactType { text += ",\"artifactType\":\"\(artifactType)\"" }
        if let subject {
            text +=
                ",\"subject\":{\"mediaType\":\"\(MediaType.ociManifest)\",\"digest\":\"\(subject)\",\"size\":2}"
        }
        let bytes = Array((text + "}").utf8)
        let digest = Digest.of(bytes)
        let reference = tag.isEmpty ? digest.description : tag
        let put = await send(
            "PUT",
            "/v2/\(name)/manifests/\(reference)",
            headers: [("Content-Type", MediaType.ociManifest)],
            body: bytes
        )
        #expect(put.status == 201, "\(String(decoding: put.bytes, as: UTF8.self))")
        return (bytes, digest)
    }
}

extension Response {
    /// The body, read into memory.
    var bytes: [UInt8] {
        switch body {
        case .none, .stream: []
        case .bytes(let bytes): bytes
        case .file(let region): (try? region.read(at: 0, limit: Int(region.count))) ?? []
        }
    }

    var json: JSONValue? { try? JSONValue.parse(bytes) }

    /// The code of the first error in the body.
    var code: String? { json?["errors"]?.array?.first?["code"]?.string }
}
