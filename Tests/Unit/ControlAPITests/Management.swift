// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Catalog
import Contracts
import ControlAPI
import Crypto
import HTTP
import Journal
import OCI
import Platform
import Registry
import Retention
import Scrub
import Sweep
import Testing

/// A registry over a directory of its own, with both ends of its management interface.
final class Management: Sendable {
    let registry: Registry
    let client: ControlClient
    let catalog: Catalog
    var path: String { temporary.path }
    private let temporary: TemporaryDirectory
    private let store: DiskBlobStore

    init(sequencer: any Sequencer = LocalSequencer()) throws {
        temporary = try TemporaryDirectory()
        let world = World.linux()
        var disk = DiskBlobStore.Options()
        disk.freeBytesFloor = 1
        store = try DiskBlobStore(in: temporary.directory, world: world, options: disk)
        catalog = try Catalog(at: temporary.path, world: world)
        registry = Registry(
            world: world,
            catalog: catalog,
            blobs: store,
            sequencer: sequencer,
            keyring: try Keyring.open(in: temporary.directory, world: world).keyring
        )
        let sweep = try Sweep(
            world: world,
            catalog: catalog,
            blobs: store,
            files: temporary.directory
        ) { _ in }
        let retention = Retention(
            registry: registry,
            clocks: world.clocks,
            observer: Retention.Observer { _, _ in }
        )
        let scrub = try Scrub(
            world: world,
            catalog: catalog,
            blobs: store,
            files: temporary.directory
        ) { [registry] event in
            if case .lost(let loss) = event { registry.forget(loss.digest) }
        }
        let handler = ControlHandler(
            registry: registry,
            sweep: sweep,
            retention: retention,
            scrub: scrub
        ) {
            ControlHandler.NodeFacts(
                version: "1.2.3",
                uptime: .seconds(7),
                names: Wire.Names(estate: "e", region: "r", zone: "z", node: "n"),
                freeBytes: 1000,
                uploadsOpen: 3,
                pageCheckFailures: 0,
                sweepInterval: .seconds(3600),
                expiryInterval: .seconds(60)
            )
        }
        client = ControlClient(transport: Wired(handler: handler))
    }

    deinit {
        try? catalog.close()
    }

    /// Pushes an image without layers and returns its digest.
    func push(_ seed: String, to name: String, tag: String) async throws -> Digest {
        let name = try #require(RepositoryName(name))
        let config = Array("{\"seed\":\"\(seed)\"}".utf8)
        let upload = try await registry.beginUpload(name, .sha256)
        let count = UInt64(config.count)
        _ = try await registry.append(
            BufferedBody(config),
            to: upload,
            range: nil,
            declared: count
        )
        try await registry.finishUpload(upload, as: Digest.of(config), name)
        let text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","layers":[],"config":\
            {"mediaType":"a/b","digest":"\(Digest.of(config))","size":\(config.count)}}
            """
        let bytes = Array(text.utf8)
        try await registry.putManifest(
            name,
            try Manifest.parse(bytes, contentType: nil),
            bytes: bytes,
            as: Digest.of(bytes),
            tags: [try #require(Tag(tag))],
            conditions: nil
        )
        return Digest.of(bytes)
    }

    /// Changes a byte of every copy, as a failing disk does, and says of what they were.
    func breakCopies() async throws -> [Digest] {
        var digests: [Digest] = []
        for generation in try await store.generations() {
            let name =
                String(repeating: "0", count: 20 - "\(generation)".utf8.count) + "\(generation)"
            for digest in try await store.page(generation: generation, after: nil, limit: 100) {
                let file = try temporary.directory.directory("blobs", .mustExist)
                    .directory(name, .mustExist).directory(digest.algorithm.name, .mustExist)
                    .directory(String(digest.hex.prefix(2)), .mustExist).open(digest.hex, .write)
                try file.write([UInt8(ascii: "!")].span, at: 0)
                digests.append(digest)
            }
        }
        return digests
    }

    /// What a request is refused with; nil when it is not.
    func problem(
        _ method: String,
        _ path: String,
        _ query: [(String, String)] = []
    ) async throws -> Wire.Problem? {
        do {
            _ = try await client.send(method, path, query, as: Wire.Changed.self)
            return nil
        } catch let problem as Wire.Problem { return problem }
    }
}

/// Carries requests to a handler without sockets.
private struct Wired: Transport {
    let handler: ControlHandler

    func send(
        _ head: RequestHead,
        body: [UInt8],
        limit: Int
    ) async throws(TransportError) -> ReceivedResponse {
        let answer = await handler.answer(head, body: BufferedBody(body))
        guard case .bytes(let bytes) = answer.body else { throw .interrupted("no bytes") }
        guard bytes.count <= limit else { throw .tooLarge }
        return ReceivedResponse(status: answer.status, headers: answer.headers, body: bytes)
    }
}
