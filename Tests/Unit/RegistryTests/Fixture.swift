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
import Testing

@testable import Registry

/// A registry over a directory of its own, with clocks that stand still and disks that fail when told.
final class Fixture: Sendable {
    let temporary: TemporaryDirectory
    let clocks = HandClocks()
    let lifeline = NotedLifeline()
    let files: FaultyFileSystem
    let world: World
    let catalog: Catalog
    let blobs: DiskBlobStore
    let keyring: Keyring
    let registry: Registry

    init(
        sequencer: any Sequencer = LocalSequencer(),
        after before: Fixture? = nil,
        random: any RandomSource = LinuxRandom(),
        catalog catalogOptions: Catalog.Options = Catalog.Options(),
        _ configure: (inout Registry.Options) -> Void = { _ in }
    ) throws {
        temporary = try before?.temporary ?? TemporaryDirectory()
        files = FaultyFileSystem(LinuxFileSystem())
        world = World(
            clocks: clocks,
            random: random,
            files: files,
            lifeline: lifeline
        )
        let directory = try files.directory(at: temporary.path, .mustExist)
        var disk = DiskBlobStore.Options()
        disk.freeBytesFloor = 1
        blobs = try DiskBlobStore(in: directory, world: world, options: disk)
        catalog = try Catalog(at: temporary.path, world: world, options: catalogOptions)
        keyring = try Keyring.open(in: directory, world: world).keyring
        var options = Registry.Options()
        configure(&options)
        registry = Registry(
            world: world,
            catalog: catalog,
            blobs: blobs,
            sequencer: sequencer,
            keyring: keyring,
            options: options
        )
    }

    deinit {
        try? catalog.close()
    }

    // MARK: What is in it

    /// A repository's name, which a test knows to be one.
    static func name(_ text: String) throws -> RepositoryName {
        try #require(RepositoryName(text))
    }

    static func tag(_ text: String) throws -> OCI.Tag {
        let tag: OCI.Tag? = OCI.Tag(text)
        return try #require(tag)
    }

    static func digest(_ text: String) -> Digest { Digest.of(Array(text.utf8)) }

    /// A blob in the store and linked in a repository.
    @discardableResult
    func blob(_ text: String, in name: String) async throws -> Digest {
        let digest = Fixture.digest(text)
        let receipt = try await registry.store(Array(text.utf8), digest).receipt
        try await registry.change(try Fixture.name(name), .linkBlob(receipt))
        return digest
    }

    /// The text of an image's manifest with one layer.
    func image(
        _ seed: String,
        in name: String,
        subject: Digest? = nil
    ) async throws -> [UInt8] {
        let config = try await blob("{}", in: name)
        let layer = try await blob(seed, in: name)
        var text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","artifactType":"test/\(seed)",\
            "config":\(Fixture.descriptor(config, "application/vnd.oci.empty.v1+json")),\
            "layers":[\(Fixture.descriptor(layer, "text/plain"))]
            """
        if let subject {
            text += ",\"subject\":\(Fixture.descriptor(subject, MediaType.ociManifest))"
        }
        return Array((text + "}").utf8)
    }

    static func index(_ children: [Digest], _ seed: String = "", subject: Digest? = nil) -> [UInt8]
    {
        let described = children.map { descriptor($0, MediaType.ociManifest) }
        var text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociIndex)","annotations":{"seed":"\(seed)"},\
            "manifests":[\(described.joined(separator: ","))]
            """
        if let subject { text += ",\"subject\":\(descriptor(subject, MediaType.ociManifest))" }
        return Array((text + "}").utf8)
    }

    private static func descriptor(_ digest: Digest, _ type: String) -> String {
        "{\"mediaType\":\"\(type)\",\"digest\":\"\(digest)\",\"size\":1}"
    }

    /// Pushes a manifest's text and returns its digest.
    @discardableResult
    func put(
        _ bytes: [UInt8],
        in name: String,
        tags: [String] = [],
        conditions: Preconditions? = nil
    ) async throws -> Digest {
        let digest = Digest.of(bytes)
        try await registry.putManifest(
            try Fixture.name(name),
            try Manifest.parse(bytes, contentType: nil),
            bytes: bytes,
            as: digest,
            tags: try tags.map(Fixture.tag),
            conditions: conditions
        )
        return digest
    }

    /// Pushes an image with one layer.
    @discardableResult
    func push(
        _ seed: String,
        to name: String,
        tags: [String] = [],
        subject: Digest? = nil
    ) async throws -> Digest {
        try await put(try await image(seed, in: name, subject: subject), in: name, tags: tags)
    }

    // MARK: What can be asked

    /// What deciding a change on the catalog as it is comes to; nothing is changed.
    func decide(
        _ name: String,
        _ action: Change.Action,
        rules: Decider.Rules = Decider.Rules(),
        deadline: UInt64 = .max
    ) throws -> Result<Decision, Refusal> {
        let change = Change(
            id: Identifier(from: LinuxRandom()),
            namespaceID: Identifier(high: 1, low: 1),
            deadline: deadline,
            actor: .zero,
            repository: try Fixture.name(name),
            action: action
        )
        let now = clocks.wallMilliseconds()
        return try catalog.read { view throws(CatalogError) in
            let decider = Decider(
                view: view,
                change: change,
                rules: rules,
                store: blobs.id,
                time: now
            )
            do throws(DecisionError) { return .success(try decider.decide(now: now)) } catch {
                switch error {
                case .refused(let refusal): return .failure(refusal)
                case .catalog(let error): throw error
                }
            }
        }
    }

    /// What a change is refused with.
    func refusal(_ name: String, _ action: Change.Action) async throws -> Refusal? {
        do throws(RegistryError) {
            try await registry.change(try Fixture.known(name), action)
            return nil
        } catch {
            guard case .refused(let refusal) = error else { throw error }
            return refusal
        }
    }

    private static func known(_ name: String) throws(RegistryError) -> RepositoryName {
        guard let known = RepositoryName(name) else { throw .notReady("no name: \(name)") }
        return known
    }

    func tags(_ name: String) throws -> [String] {
        try registry.tags(try Fixture.name(name), after: "", limit: 10_000)?.items
            .map(\.description) ?? []
    }

    func has(_ digest: Digest, in name: String) async throws -> Bool {
        try await registry.manifest(try Fixture.name(name), .digest(digest)) != nil
    }

    /// The entries of a journal, read.
    func entries(_ scope: Scope) throws -> [Entry] {
        try catalog.read { view throws(CatalogError) in
            try view.entries(scope, from: 1, limit: 100_000)
        }.map { try EntryCodec.decode($0.bytes).entry }
    }

    /// Writes events to the journal that no change comes to yet.
    func append(_ events: [Event]) throws {
        let transaction = try catalog.begin()
        let head = try transaction.view.heads().region
        let entry = Entry(
            id: Identifier(from: LinuxRandom()),
            scope: .region,
            origin: Origin(
                journal: catalog.identity.region,
                incarnation: 1,
                position: head.position + 1
            ),
            stamp: Stamp.next(
                clock: clocks.wallMilliseconds(),
                seen: try transaction.view.greatestStamp(),
                region: catalog.identity.region
            ),
            basis: 0,
            actor: .zero,
            level: 1,
            events: events
        )
        let bytes = EntryCodec.encode(entry, after: head.chain)
        try transaction.apply(
            entry,
            stored: StoredEntry(
                scope: .region,
                position: head.position + 1,
                bytes: bytes,
                chain: EntryCodec.chain(bytes)
            )
        )
        try transaction.commit()
    }
}
