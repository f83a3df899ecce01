// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import HTTP
import Journal
import OCI
import Platform
import Testing

@testable import Registry

@Suite struct `Usage` {
    /// What is counted, one name after the other, without a query that sums.
    private struct Recount {
        var logical: UInt64 = 0
        var manifests: UInt64 = 0
        var blobs: UInt64 = 0
        var tags: UInt64 = 0
        var trashed: UInt64 = 0
        var held: Set<Digest> = []
        var ending: Set<Digest> = []
        var kept: Set<Digest> = []
        var sizes: [Digest: UInt64] = [:]

        mutating func add(_ name: RepositoryName, _ view: CatalogView) throws(CatalogError) {
            guard let row = try view.repository(name) else { return }
            for digest in try view.manifests(row.number, after: nil, limit: 1000) {
                guard let content = try view.manifestContent(row.number, digest)?.content else {
                    continue
                }
                (manifests, logical) = (manifests + 1, logical + content.size)
                held.insert(digest)
                sizes[digest] = content.size
            }
            for digest in try view.links(row.number, after: nil, limit: 1000) {
                guard let content = try view.link(row.number, digest) else { continue }
                (blobs, logical) = (blobs + 1, logical + content.size)
                let isNamed = try view.firstManifestNaming(row.number, digest) != nil
                if isNamed { held.insert(digest) } else { ending.insert(digest) }
                sizes[digest] = content.size
            }
            tags += UInt64(try view.tags(row.number, after: "", limit: 1000).count)
            for manifest in try view.trash(row.number, after: nil, limit: 1000) {
                trashed += 1
                let blobs = manifest.facts.references.filter {
                    $0.role == .config || $0.role == .layer
                }
                for digest in [manifest.facts.digest] + blobs.map(\.digest) {
                    guard let content = try view.content(digest) else { continue }
                    kept.insert(digest)
                    sizes[digest] = content.size
                }
            }
        }

        private func bytes(_ digests: Set<Digest>) -> UInt64 {
            digests.reduce(0) { $0 + (sizes[$1] ?? 0) }
        }

        func row(repositories: UInt64) -> UsageRow {
            var row = UsageRow()
            row.logicalBytes = logical
            row.deduplicatedBytes = bytes(held.union(ending).union(kept))
            row.trashBytes = bytes(kept.subtracting(held))
            row.reclaimableBytes = bytes(ending.subtracting(held).subtracting(kept))
            row.repositories = repositories
            row.manifests = manifests
            row.blobs = blobs
            row.tags = tags
            row.trashed = trashed
            return row
        }
    }

    private static let names = ["team/a", "team/b", "other"]

    private func check(_ test: Fixture) throws {
        try test.catalog.read { view throws(CatalogError) in
            for (scope, members) in [
                ("", Usage.names), ("team", ["team/a", "team/b"]), ("other", ["other"]),
                ("team/a", ["team/a"]), ("team/b", ["team/b"]),
            ] {
                var recount = Recount()
                var repositories: UInt64 = 0
                for name in members.compactMap(RepositoryName.init) {
                    try recount.add(name, view)
                    let row = try view.repository(name)
                    if let row, row.manifests + row.blobs > 0 { repositories += 1 }
                }
                let usage = try view.usage(of: scope)
                if usage == nil { #expect(recount.sizes.isEmpty) }
                guard let usage else { continue }
                #expect(usage == recount.row(repositories: repositories), "of '\(scope)'")
                guard scope.isEmpty else { continue }
                let all = try view.contents(after: nil, limit: 10_000)
                #expect(usage.deduplicatedBytes == all.reduce(0) { $0 + $1.1.size })
            }
        }
    }

    /// Draws what is done next.
    private struct Draws {
        var random: SeededDraws
        mutating func below(_ bound: Int) -> Int { random.below(bound) }
        mutating func name() -> String { Usage.names[below(Usage.names.count)] }
    }

    /// A small generator, so that a failing seed can be looked at again.
    private struct SeededDraws {
        var state: UInt64
        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
    }

    private func step(_ test: Fixture, _ draws: inout Draws) async throws {
        let text = draws.name()
        let name = try Fixture.name(text)
        let seed = "\(draws.below(4))"
        let digests = try test.catalog.read { view throws(CatalogError) -> [Digest] in
            guard let row = try view.repository(name) else { return [] }
            return try view.manifests(row.number, after: nil, limit: 1000)
        }
        let trashed = try test.registry.trash(name, after: nil, limit: 1000)?.map(\.facts.digest)
        switch draws.below(11) {
        case 0, 1, 2: try await test.push(seed, to: text, tags: ["t\(draws.below(3))"])
        case 3:
            guard let child = digests.first else { return }
            try await test.put(Fixture.index([child], seed), in: text, tags: ["all"])
        case 4: try await test.blob("alone \(seed)", in: text)
        case 5, 6:
            guard !digests.isEmpty else { return }
            let digest = digests[draws.below(digests.count)]
            try await attempt {
                try await test.registry.changeWholly(name, .deleteManifest(digest))
            }
        case 7:
            guard let trashed, !trashed.isEmpty else { return }
            let digest = trashed[draws.below(trashed.count)]
            try await attempt {
                _ = try await test.registry.restore(name, .digest(digest), because: "a test")
            }
        case 8:
            guard let trashed, !trashed.isEmpty else { return }
            let (digest, now) = (trashed[draws.below(trashed.count)], draws.below(2) == 0)
            try await attempt {
                _ = try await test.registry.purge(name, digest, now: now, because: "a test")
            }
        case 9:
            test.clocks.advance(.seconds(3600 * (1 + draws.below(200))))
            _ = try await test.registry.expireDue()
        default:
            try await attempt { try await test.registry.changeWholly(name, .deleteRepository) }
        }
    }

    /// What is refused is as good here as what is done.
    private func attempt(_ body: () async throws -> Void) async throws {
        do { try await body() } catch RegistryError.refused {}
    }

    @Test(arguments: 1...6)
    func `equals a full recount after whatever was pushed, deleted, restored, purged and ended`(
        seed: UInt64
    ) async throws {
        let test = try Fixture()
        var draws = Draws(random: SeededDraws(state: seed))
        for _ in 0..<60 {
            try await step(test, &draws)
            try check(test)
        }
    }

    @Test func `tells live, trash and what goes by itself apart`() async throws {
        let test = try Fixture()
        let digest = try await test.push("x", to: "other", tags: ["v1"])
        try await test.blob("alone", in: "other")
        func usage() throws -> UsageRow {
            try #require(
                try test.catalog.read { view throws(CatalogError) in try view.usage(of: "other") }
            )
        }
        let live = try usage()
        #expect(live.trashBytes == 0 && live.reclaimableBytes == 5)
        try await test.registry.change(try Fixture.name("other"), .deleteManifest(digest))
        let deleted = try usage()
        #expect(deleted.trashBytes == live.deduplicatedBytes - 5)
        #expect(deleted.reclaimableBytes == 5)
        #expect(deleted.manifests == 0 && deleted.trashed == 1)
        _ = try await test.registry.purge(try Fixture.name("other"), digest, because: "a test")
        let purged = try usage()
        #expect(purged.trashBytes == 0)
        #expect(purged.reclaimableBytes == purged.deduplicatedBytes)
    }
}
