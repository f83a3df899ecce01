// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import ControlAPI
import Crypto
import HTTP
import HTTPClient
import Node
import OCI
import Platform
import Testing

/// A page that fails its check is never decided on and never served from; what does not need it goes
/// on; a rebuild heals it.
@Suite(.ownThreads, .timeLimit(.minutes(10))) struct `A node whose catalog has a damaged page` {
    private let directory: TemporaryDirectory
    private var path: String { "\(directory.path)/data" }
    /// Long enough that those of a repository fill pages.
    private static func tag(_ name: String, _ number: Int) -> String {
        "\(name)-\(String(repeating: "x", count: 100))-\(100 + number)"
    }
    private static let tagsEach = 60
    private static let manifest = Array(
        """
        {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":\
        "application/vnd.oci.empty.v1+json","digest":"\(Digest.of(Array("{}".utf8)))","size":2},"layers":[]}
        """.utf8
    )

    init() throws { directory = try TemporaryDirectory() }

    /// Pushes an image into a repository of a name, with all its tags.
    private func push(_ name: String, to node: RunningNode) async throws {
        let config = Array("{}".utf8)
        let blob = "/v2/\(name)/blobs/uploads/?digest=\(Digest.of(config))"
        #expect(try await node.ask(blob, "POST", body: config).status == 201)
        for first in stride(from: 0, to: Self.tagsEach, by: 20) {
            let tags = (first..<first + 20).map { "tag=\(Self.tag(name, $0))" }
            let path = "/v2/\(name)/manifests/\(Digest.of(Self.manifest))?"
            let answer = try await put(path + tags.joined(separator: "&"), node)
            #expect(answer.status == 201)
        }
    }

    private func put(_ path: String, _ node: RunningNode) async throws -> ReceivedResponse {
        try await node.ask(path, "PUT", body: Self.manifest)
    }

    /// A stopped node's data with two repositories, `one` and `two`; returns their canonical dump.
    private func filled() async throws -> [String] {
        let node = try await RunningNode(in: directory)
        try await push("one", to: node)
        try await push("two", to: node)
        try node.stop()
        return try dump()
    }

    private func dump() throws -> [String] {
        var lines: [String] = []
        try Maintenance.dumpCatalog(at: path, world: World.linux()) { lines.append($0) }
        return lines
    }

    /// Damages a page of tags that has none of `one`; returns a tag of `two` on it.
    private func damageTags() throws -> String {
        let pages = try CatalogPages(at: path)
        let leaves = pages.leaves(below: try pages.root(of: "tags"))
        let leaf = try #require(
            leaves.first { pages.page($0, has: "two-x") && !pages.page($0, has: "one-x") }
        )
        let numbers = 0..<Self.tagsEach
        let tag = try #require(
            numbers.map { Self.tag("two", $0) }.first { pages.page(leaf, has: $0) }
        )
        try pages.flipBit(of: leaf)
        return tag
    }

    // I1, I2, I4.
    @Test func `refuses what needs it, serves the rest, and is healed by a rebuild`() async throws {
        let expected = try await filled()
        let lost = try damageTags()
        let node = try await RunningNode(in: directory)
        let control = ControlClient(
            transport: HTTPClient.Client(.init(unixSocket: "\(path)/control.sock"))
        )
        func status() async throws -> Wire.Status {
            try await control.get("status", as: Wire.Status.self)
        }
        let before = try await status()
        let whole = "/v2/one/manifests/\(Self.tag("one", 0))"
        let damaged = "/v2/two/manifests/\(lost)"
        #expect(try await node.ask(whole).status == 200)
        let refused = try await node.ask(damaged)
        #expect(refused.status == 503)
        #expect(refused.text.contains("a page of the catalog is damaged"))
        #expect(refused.headers["Retry-After"] != nil)
        #expect(try await put(damaged, node).status == 503)
        let after = try await status()
        #expect(after.regionPosition == before.regionPosition)
        #expect(after.pageCheckFailures > before.pageCheckFailures)
        let outcome = try await control.send("POST", "catalog/rebuild", as: Wire.Outcome.self)
        #expect(outcome.isSound)
        #expect(try await node.ask(damaged).status == 200)
        try node.stop()
        #expect(try dump() == expected)
    }

    @Test func `decides changes that need other pages`() async throws {
        _ = try await filled()
        let lost = try damageTags()
        let node = try await RunningNode(in: directory)
        #expect(try await put("/v2/two/manifests/\(lost)", node).status == 503)
        #expect(try await put("/v2/one/manifests/new", node).status == 201)
        #expect(try await node.ask("/v2/one/manifests/new").status == 200)
        try node.stop()
    }

    @Test func `does not start without the page that says how far it is, and says what to do`()
        async throws
    {
        let expected = try await filled()
        let pages = try CatalogPages(at: path)
        let page = try pages.root(of: "marks")
        try pages.flipBit(of: page)
        let error = await #expect(throws: NodeError.self) { try await RunningNode(in: directory) }
        let sentence = error?.description ?? ""
        #expect(sentence.contains("page \(page) of \(path)/catalog.db fails its check"))
        #expect(sentence.contains("'breakwater catalog rebuild --offline'"))
        try Maintenance.rebuildCatalog(at: path, world: World.linux()) { _, _ in }
        #expect(try dump() == expected)
        try await RunningNode(in: directory).stop()
    }

    @Test func `is not rebuilt where the entries themselves are damaged`() async throws {
        _ = try await filled()
        let pages = try CatalogPages(at: path)
        let leaf = try #require(pages.leaves(below: try pages.root(of: "entries")).first)
        try pages.flipBit(of: leaf)
        let error = #expect(throws: NodeError.self) {
            try Maintenance.rebuildCatalog(at: path, world: World.linux()) { _, _ in }
        }
        let sentence = error?.description ?? ""
        #expect(sentence.contains("page \(leaf) of \(path)/catalog.db fails its check"))
        #expect(sentence.contains("restore"))
        #expect(!sentence.contains("--offline"))
    }
    // I7.
    @Test func `is adopted without what is on that page, with the sweep paused`() async throws {
        _ = try await filled()
        let lost = try damageTags()
        let pages = try CatalogPages(at: path)
        let leaf = try #require(pages.leaves(below: try pages.root(of: "entries")).last)
        try pages.flipBit(of: leaf)
        let report = try Maintenance.adoptJournals(at: path, world: World.linux())
        #expect(report.damagedCount > 0)
        #expect(report.unread.contains { $0.hasPrefix("tag two:\(lost): page ") })
        let outcome = Wire.Outcome(report)
        #expect(!outcome.isSound)
        #expect(outcome.findings.contains { $0.hasPrefix("the sweep is paused") })
        let node = try await RunningNode(in: directory)
        let control = ControlClient(
            transport: HTTPClient.Client(.init(unixSocket: "\(path)/control.sock"))
        )
        #expect(try await control.get("status", as: Wire.Status.self).sweep.isPaused)
        #expect(try await node.ask("/v2/two/manifests/\(lost)").status == 404)
        #expect(try await node.ask("/v2/two/manifests/\(Digest.of(Self.manifest))").status == 200)
        #expect(try await node.ask("/v2/one/manifests/\(Self.tag("one", 0))").status == 200)
        try node.stop()
    }
}
