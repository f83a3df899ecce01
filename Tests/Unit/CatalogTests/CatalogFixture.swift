// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Crypto
import Journal
import OCI
import Platform
import Testing

/// A catalog in a directory of its own, written to by entries made by hand.
final class CatalogFixture {
    private let temporary: TemporaryDirectory
    var path: String { temporary.path }
    private(set) var catalog: Catalog
    private var milliseconds: UInt64 = 1_000
    let namespace = Identifier(high: 7, low: 7)

    init(_ options: Catalog.Options = Catalog.Options()) throws {
        temporary = try TemporaryDirectory()
        catalog = try Catalog(at: temporary.path, world: World.linux(), options: options)
    }

    deinit {
        try? catalog.close()
    }

    func reopen() throws {
        try catalog.close()
        catalog = try Catalog(at: path, world: World.linux())
    }

    func close() throws {
        try catalog.close()
    }

    func key(_ path: String = "app") -> RepositoryKey {
        RepositoryKey(namespace: namespace, path: path)
    }

    func digest(_ name: String) -> Digest { Digest.of(Array(name.utf8)) }

    /// Appends events as one entry; `at` sets the stamp's milliseconds, else they rise.
    func append(_ events: [Event], at milliseconds: UInt64? = nil, level: UInt32 = 1) throws {
        self.milliseconds += 1
        let transaction = try catalog.begin()
        let scope = try #require(events.first?.scope)
        let head = try transaction.view.heads()[scope]
        let identity = catalog.identity
        let entry = Entry(
            id: Identifier(from: LinuxRandom()),
            scope: scope,
            origin: Origin(
                journal: scope == .region ? identity.region : identity.estate,
                incarnation: 1,
                position: head.position + 1
            ),
            stamp: Stamp(
                milliseconds: milliseconds ?? self.milliseconds,
                counter: 0,
                region: identity.region
            ),
            basis: 0,
            actor: .zero,
            level: level,
            events: events
        )
        let bytes = EntryCodec.encode(entry, after: head.chain)
        let stored = StoredEntry(
            scope: scope,
            position: head.position + 1,
            bytes: bytes,
            chain: EntryCodec.chain(bytes)
        )
        do {
            try transaction.apply(entry, stored: stored)
        } catch {
            try transaction.rollback()
            throw error
        }
        try transaction.commit()
    }

    /// A manifest that names one blob.
    func manifest(_ name: String, blob: Digest, subject: Digest? = nil) -> ManifestFacts {
        ManifestFacts(
            digest: digest(name),
            size: 100,
            generation: .first,
            mediaType: MediaType.ociManifest,
            artifactType: nil,
            subject: subject,
            references: [ManifestReference(role: .layer, digest: blob)]
        )
    }

    /// A namespace, a blob, a manifest and a tag.
    func image(_ name: String, tag: String, in path: String = "app") throws {
        let blob = digest("blob of \(name)")
        let tag = try #require(Tag(tag))
        if try catalog.read({ view throws(CatalogError) in try view.namespace(named: "team") })
            == nil
        {
            try append([.namespaceCreated(namespace, name: "team")])
        }
        try append([.blobLinked(key(path), blob, size: 10, .first)])
        try append([
            .manifestPut(key(path), manifest(name, blob: blob)),
            .tagPut(key(path), tag, digest(name)),
        ])
    }

    func dump() throws -> [String] {
        var lines: [String] = []
        try catalog.canonicalDump { lines.append($0) }
        return lines
    }

    func read<Answer>(_ body: (CatalogView, Int64) throws(CatalogError) -> Answer) throws -> Answer?
    {
        try catalog.read { view throws(CatalogError) -> Answer? in
            guard let row = try view.repository(key()) else { return nil }
            return try body(view, row.number)
        }
    }
}
