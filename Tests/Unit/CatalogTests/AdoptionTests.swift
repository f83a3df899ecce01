// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Journal
import OCI
import Platform
import SQLite
import Testing

@Suite struct `Adopting a projection` {
    private func damage(_ fixture: CatalogFixture, position: Int) throws {
        let connection = try Connection(
            path: "\(fixture.path)/\(Catalog.fileName)",
            mode: .readWrite
        )
        try connection.execute(
            "UPDATE entries SET bytes = zeroblob(40) WHERE scope = 1 AND position = \(position)"
        )
        try connection.close()
    }

    /// What clients see: tags, manifests and blobs of a repository.
    private func names(_ fixture: CatalogFixture, _ path: String) throws -> [String] {
        try fixture.catalog.read { view throws(CatalogError) in
            guard let row = try view.repository(fixture.key(path)) else { return [] }
            var names: [String] = []
            for tag in try view.tags(row.number, after: "", limit: 1000) {
                names.append("\(tag) \(String(describing: try view.tag(row.number, tag)))")
            }
            for digest in try view.manifests(row.number, after: nil, limit: 1000) {
                let facts = try view.manifest(row.number, digest)?.facts
                names.append("\(String(describing: facts))")
            }
            for digest in try view.links(row.number, after: nil, limit: 1000) {
                let content = try view.link(row.number, digest)
                let expiry = try view.expiry(row.number, digest)
                names.append("\(digest) \(String(describing: content)) \(expiry ?? 0)")
            }
            for trashed in try view.trash(row.number, after: nil, limit: 1000) {
                names.append("trash \(trashed.facts) \(trashed.until)")
            }
            return names
        }
    }

    @Test func `keeps every name, in a new life of the journals that proves them from then on`()
        throws
    {
        let fixture = try CatalogFixture()
        for number in 0..<30 {
            try fixture.image("image \(number)", tag: "v\(number % 7)", in: "app\(number % 3)")
        }
        try fixture.append(
            [
                .blobLinked(
                    fixture.key("app0"),
                    fixture.digest("x"),
                    size: 1,
                    .first,
                    expires: 99_000
                )
            ],
            level: 2
        )
        try fixture.append(
            [
                .manifestTrashed(
                    fixture.key("app1"),
                    fixture.digest("image 1"),
                    until: 7_000_000_000_000,
                    linksUntil: 50_000
                )
            ],
            level: 2
        )
        try fixture.append([.sweepEpochRaised(5)])
        let paths = ["app0", "app1", "app2"]
        let before = try paths.map { try names(fixture, $0) }
        #expect(before.allSatisfy { $0.count > 20 })
        try fixture.close()
        #expect(throws: CatalogError.self) {
            try CatalogAdoption.offline(at: fixture.path, world: World.linux())
        }
        try damage(fixture, position: 10)
        try damage(fixture, position: 40)
        #expect(throws: CatalogError.self) {
            try CatalogRebuild.offline(at: fixture.path, world: World.linux()) { _, _ in }
        }
        let report = try CatalogAdoption.offline(at: fixture.path, world: World.linux())
        #expect(report.incarnation == 2 && report.damagedCount == 2 && report.unread.isEmpty)
        #expect(report.damagedEntries.map(\.position) == [10, 40])
        // Entries 1 to 9 are proved: four blobs and four images with their tags, and the fifth's blob.
        #expect(
            report.unproved.contains {
                $0.hasPrefix("manifest team/app2@\(fixture.digest("image 29"))")
            }
        )
        #expect(!report.unproved.contains { $0.contains("\(fixture.digest("image 0"))") })
        #expect(report.unprovedCount < report.named && report.unprovedCount > 50)

        try fixture.reopen()
        #expect(try paths.map { try names(fixture, $0) } == before)
        let (heads, epoch) = try fixture.catalog.read { view throws(CatalogError) in
            (try view.heads(), try view.epoch())
        }
        #expect(heads.region.incarnation == 2 && heads.estate.incarnation == 2)
        #expect(epoch.number == 5)
        // The new entries are the truth now.
        let dump = try fixture.dump()
        try fixture.catalog.rebuild { _, _ in }
        #expect(try fixture.dump() == dump)
        try fixture.close()
    }

    // I7: what the trash keeps alone is kept.
    @Test func `keeps the blobs that only the trash still names`() throws {
        let fixture = try CatalogFixture()
        for number in 0..<5 { try fixture.image("image \(number)", tag: "v\(number)") }
        let (image, blob) = (fixture.digest("image 1"), fixture.digest("blob of image 1"))
        let until: UInt64 = 7_000_000_000_000
        try fixture.append(
            [.manifestTrashed(fixture.key(), image, until: until, linksUntil: 50_000)],
            level: 2
        )
        try fixture.append([.blobUnlinked(fixture.key(), blob)])
        try fixture.close()
        try damage(fixture, position: 4)
        let report = try CatalogAdoption.offline(at: fixture.path, world: World.linux())
        #expect(report.unread.isEmpty)
        try fixture.reopen()
        #expect(
            try fixture.read { view, row throws(CatalogError) in try view.trashed(row, image) }
                != nil
        )
        // The link that was needed for it ends by itself.
        try fixture.append([.blobUnlinked(fixture.key(), blob)])
        #expect(try fixture.read { view, _ throws(CatalogError) in try view.content(blob) } != nil)
        try fixture.close()
    }
}
