// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Crypto
import HTTP
import Journal
import OCI
import Platform
import Registry
import Synchronization
import Testing

@testable import Retention

/// A registry over a directory of its own, with clocks that stand still, and its retention.
final class Fixture: Sendable {
    let temporary: TemporaryDirectory
    let clocks = HandClocks()
    let world: World
    let catalog: Catalog
    let registry: Registry
    let retention: Retention
    private let told: Told

    private final class Told: Sendable {
        let endings = Mutex<[(digest: Digest, ending: Retention.Ending)]>([])
        let before = Mutex<(@Sendable (Retention.Removed) -> Void)?>(nil)
    }

    init(
        sequencer: any Sequencer = LocalSequencer(),
        _ configure: (inout Retention.Options) -> Void = { _ in }
    ) throws {
        temporary = try TemporaryDirectory()
        world = World(
            clocks: clocks,
            random: LinuxRandom(),
            files: LinuxFileSystem(),
            lifeline: NotedLifeline()
        )
        var disk = DiskBlobStore.Options()
        disk.freeBytesFloor = 1
        catalog = try Catalog(at: temporary.path, world: world)
        registry = Registry(
            world: world,
            catalog: catalog,
            blobs: try DiskBlobStore(in: temporary.directory, world: world, options: disk),
            sequencer: sequencer,
            keyring: try Keyring.open(in: temporary.directory, world: world).keyring
        )
        var options = Retention.Options()
        configure(&options)
        let told = Told()
        self.told = told
        retention = Retention(
            registry: registry,
            clocks: clocks,
            options: options,
            observer: Retention.Observer(
                willRemove: { removed in told.before.withLock { $0 }?(removed) },
                didEnd: { removed, ending in
                    told.endings.withLock { $0.append((removed.removal.image.digest, ending)) }
                }
            )
        )
    }

    deinit {
        try? catalog.close()
    }

    /// What was told of images that were to go.
    var endings: [(digest: Digest, ending: Retention.Ending)] { told.endings.withLock { $0 } }

    /// Does something each time that an image is to go.
    func before(_ body: @escaping @Sendable (Retention.Removed) -> Void) {
        told.before.withLock { $0 = body }
    }

    /// Lets days pass.
    func pass(days: Int) {
        clocks.advance(.seconds(days * 86_400))
    }

    /// Lets the next day begin, with a look at the clock shortly before, as the node's care has it.
    func passMidnight() async throws {
        let left = Moment.dayMilliseconds - clocks.wallMilliseconds() % Moment.dayMilliseconds
        clocks.advance(.milliseconds(Int64(left)) - .milliseconds(Int64(min(left, 60_000))))
        try await registry.flushPulls()
        clocks.advance(.seconds(61))
    }

    static func name(_ text: String) throws -> RepositoryName {
        try #require(RepositoryName(text))
    }

    /// Pushes an image without layers, or an index of `children`.
    @discardableResult
    func push(
        _ seed: String,
        to name: String = "team/app",
        tags: [String] = [],
        children: [Digest] = [],
        subject: Digest? = nil
    ) async throws -> Digest {
        let name = try Fixture.name(name)
        let about = subject.map { ",\"subject\":\(described($0))" } ?? ""
        var text = "{\"schemaVersion\":2,\"annotations\":{\"seed\":\"\(seed)\"}\(about),"
        if children.isEmpty {
            let config = try await blob("{\"seed\":\"\(seed)\"}", in: name)
            text += "\"mediaType\":\"\(MediaType.ociManifest)\",\"layers\":[],"
            text += "\"config\":{\"mediaType\":\"a/b\",\"digest\":\"\(config)\",\"size\":9}}"
        } else {
            let list = children.map(described).joined(separator: ",")
            text += "\"mediaType\":\"\(MediaType.ociIndex)\",\"manifests\":[\(list)]}"
        }
        let bytes = Array(text.utf8)
        try await registry.putManifest(
            name,
            try Manifest.parse(bytes, contentType: nil),
            bytes: bytes,
            as: Digest.of(bytes),
            tags: tags.map(tag),
            conditions: nil
        )
        return Digest.of(bytes)
    }

    private func described(_ digest: Digest) -> String {
        "{\"mediaType\":\"\(MediaType.ociManifest)\",\"digest\":\"\(digest)\",\"size\":1}"
    }

    private func blob(_ text: String, in name: RepositoryName) async throws -> Digest {
        let bytes = Array(text.utf8)
        let upload = try await registry.beginUpload(name, .sha256)
        _ = try await registry.append(
            BufferedBody(bytes),
            to: upload,
            range: nil,
            declared: UInt64(bytes.count)
        )
        try await registry.finishUpload(upload, as: Digest.of(bytes), name)
        return Digest.of(bytes)
    }

    /// Pulls as the distribution API does, by way of the catalog.
    func pull(_ digest: Digest, from name: String = "team/app") async throws {
        let name = try Fixture.name(name)
        let content = try #require(try await registry.manifest(name, .digest(digest)))
        await registry.notePull(of: content, in: name)
    }

    func has(_ digest: Digest, in name: String = "team/app") async throws -> Bool {
        try await registry.manifest(try Fixture.name(name), .digest(digest)) != nil
    }

    func isInTrash(_ digest: Digest, of name: String = "team/app") throws -> Bool {
        let name = try Fixture.name(name)
        return try registry.read { view throws(CatalogError) in
            guard let row = try view.repository(name) else { return false }
            return try view.trashed(row.number, digest) != nil
        }
    }

    /// The days on which pulls of a manifest were noted, by its entries.
    func notedDays(of digest: Digest) throws -> [UInt32] {
        try events().compactMap { event in
            guard case .manifestPulled(_, digest, let day) = event else { return nil }
            return day
        }
    }

    func events() throws -> [Event] {
        try catalog.read { view throws(CatalogError) in
            try view.entries(.region, from: 1, limit: 10_000)
        }.flatMap { try EntryCodec.decode($0.bytes).entry.events }
    }
}
