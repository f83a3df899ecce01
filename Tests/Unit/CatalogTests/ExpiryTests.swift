// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import SQLite
import Testing

@Suite struct `What ends by itself` {
    private func expiry(_ fixture: CatalogFixture, _ blob: Digest) throws -> UInt64? {
        try fixture.read { view, row throws(CatalogError) in try view.expiry(row, blob) } ?? nil
    }

    @Test func `a link ends at the latest time that was said of it`() throws {
        let fixture = try CatalogFixture()
        let blob = fixture.digest("a")
        try fixture.append([.namespaceCreated(fixture.namespace, name: "team")])
        for time: UInt64 in [50, 90, 70] {
            try fixture.append([
                .blobLinked(fixture.key(), blob, size: 1, .first, expires: time)
            ])
        }
        #expect(try expiry(fixture, blob) == 90)
        let due = try fixture.catalog.read { view throws(CatalogError) in
            [try view.dueLinks(by: 89, limit: 9), try view.dueLinks(by: 90, limit: 9)]
        }
        #expect(due.map(\.due.count) == [0, 1])
        #expect(due[1].due.first?.repository == fixture.key())
        #expect(due[1].due.first?.digest == blob)
        #expect(due[1].due.first?.expires == 90)
    }

    @Test func `a time that no row can hold is poison, whether it would be written or not`() throws
    {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        let blob = fixture.digest("blob of m")
        for digest in [blob, fixture.digest("other")] {
            #expect(throws: CatalogError.self) {
                try fixture.append([
                    .blobLinked(fixture.key(), digest, size: 10, .first, expires: 1 << 63)
                ])
            }
        }
        #expect(try expiry(fixture, blob) == nil)
    }

    @Test func `what ended in one epoch is forgotten by several entries where it is much`() throws {
        let fixture = try CatalogFixture()
        try fixture.append([.namespaceCreated(fixture.namespace, name: "team")])
        // More than one entry forgets.
        let count = 50_100
        for start in stride(from: 0, to: count, by: 25_050) {
            let blobs = (start..<start + 25_050).map { fixture.digest("\($0)") }
            try fixture.append(blobs.map { .blobLinked(fixture.key(), $0, size: 1, .first) })
            try fixture.append(blobs.map { .blobUnlinked(fixture.key(), $0) })
        }
        func left() throws -> UInt64 {
            try fixture.catalog.read { view throws(CatalogError) in
                try view.unnamedCount(after: .start, upTo: .first, limit: 2 * count)
            }
        }
        #expect(try left() == UInt64(count))
        let last = Generation.first.number + CatalogView.epochsNoted
        try fixture.append([.sweepEpochRaised(last)])
        #expect(try left() == UInt64(count))
        try fixture.append([.sweepEpochRaised(last + 1)])
        #expect(try left() == 100)
        try fixture.append([.sweepEpochRaised(last + 2)])
        #expect(try left() == 0)
    }

    @Test func `what is due is listed page after page, earliest first`() throws {
        let fixture = try CatalogFixture()
        try fixture.append([.namespaceCreated(fixture.namespace, name: "team")])
        let times: [(String, UInt64)] = [("a", 70), ("b", 50), ("c", 50)]
        for (text, time) in times {
            try fixture.append([
                .blobLinked(fixture.key(), fixture.digest(text), size: 1, .first, expires: time)
            ])
        }
        let listed = try fixture.catalog.read { view throws(CatalogError) in
            var (listed, last): ([Due], DuePlace?) = ([], nil)
            for _ in 0..<9 {
                let page = try view.dueLinks(by: 90, after: last, limit: 1)
                listed += page.due
                last = page.next ?? last
            }
            return listed
        }
        #expect(listed.map(\.expires) == [50, 50, 70])
        #expect(Set(listed.map(\.digest)).count == 3)
    }

    @Test func `a page on which no row can be read is told, and is not the last`() throws {
        let fixture = try CatalogFixture()
        try fixture.append([.namespaceCreated(fixture.namespace, name: "team")])
        let times: [(String, UInt64)] = [("a", 50), ("b", 70)]
        for (text, time) in times {
            try fixture.append([
                .blobLinked(fixture.key(), fixture.digest(text), size: 1, .first, expires: time)
            ])
        }
        let connection = try Connection(
            path: "\(fixture.path)/\(Catalog.fileName)",
            mode: .readWrite
        )
        try connection.execute("UPDATE expiring SET digest = x'00' WHERE expires = 50")
        try connection.close()
        let pages = try fixture.catalog.read { view throws(CatalogError) in
            let first = try view.dueLinks(by: 90, limit: 1)
            return [first, try view.dueLinks(by: 90, after: first.next, limit: 1)]
        }
        #expect(pages[0].due.isEmpty && pages[0].next != nil)
        #expect(pages[0].unreadable?.contains("'expiring'") == true)
        #expect(pages[1].due.map(\.digest) == [fixture.digest("b")])
        #expect(pages[1].unreadable == nil)
    }

    @Test func `a link that an entry gave no time is due at once, to be given one`() throws {
        let fixture = try CatalogFixture()
        try fixture.append([.blobLinked(fixture.key(), fixture.digest("a"), size: 1, .first)])
        #expect(try expiry(fixture, fixture.digest("a")) == 0)
    }

    @Test func `a link that a live manifest names does not end by itself`() throws {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        let blob = fixture.digest("blob of m")
        #expect(try expiry(fixture, blob) == nil)
        // Said anew, by an upload of the same bytes.
        try fixture.append([.blobLinked(fixture.key(), blob, size: 10, .first, expires: 70)])
        #expect(try expiry(fixture, blob) == nil)
    }

    @Test func `when its last manifest goes a link is given the time of that entry`() throws {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        let blob = fixture.digest("blob of m")
        try fixture.append([.manifestPut(fixture.key(), fixture.manifest("n", blob: blob))])
        try fixture.append([
            .manifestTrashed(
                fixture.key(),
                fixture.digest("m"),
                until: 900,
                linksUntil: 500
            )
        ])
        #expect(try expiry(fixture, blob) == nil)
        try fixture.append([
            .manifestTrashed(
                fixture.key(),
                fixture.digest("n"),
                until: 900,
                linksUntil: 600
            )
        ])
        #expect(try expiry(fixture, blob) == 600)
        try fixture.append([.blobUnlinked(fixture.key(), blob)])
        #expect(try expiry(fixture, blob) == nil)
    }

    @Test func `the horizon only rises`() throws {
        let fixture = try CatalogFixture()
        for time: UInt64 in [70, 50] { try fixture.append([.expiryReached(time)]) }
        let horizon = try fixture.catalog.read { view throws(CatalogError) in try view.horizon() }
        #expect(horizon == 70)
    }

    @Test func `a manifest is untagged from the entry that took its last tag`() throws {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        try fixture.image("n", tag: "v2")
        let (v1, v2) = (try #require(Tag("v1")), try #require(Tag("v2")))
        func since(_ name: String) throws -> UInt64? {
            try fixture.read { view, row throws(CatalogError) in
                try view.retentionRow(row, fixture.digest(name), tagsMax: 9)?.untagged
            } ?? nil
        }
        #expect(try since("m") == nil)
        try fixture.append([.tagPut(fixture.key(), v1, fixture.digest("n"))], at: 7_000)
        #expect(try since("m") == 7_000)
        #expect(try since("n") == nil)
        try fixture.append([.tagDeleted(fixture.key(), v1)], at: 8_000)
        #expect(try since("n") == nil)
        try fixture.append([.tagDeleted(fixture.key(), v2)], at: 9_000)
        #expect(try since("n") == 9_000)
        try fixture.append([.tagPut(fixture.key(), v2, fixture.digest("m"))], at: 9_500)
        #expect(try since("m") == nil)
        try fixture.append([
            .manifestPut(fixture.key(), fixture.manifest("o", blob: v1Blob(fixture)))
        ])
        #expect(try since("o") != nil)
    }

    private func v1Blob(_ fixture: CatalogFixture) -> Digest { fixture.digest("blob of m") }

    @Test func `the last day of a pull stays`() throws {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        for day: UInt32 in [20_000, 20_002, 20_001] {
            try fixture.append([.manifestPulled(fixture.key(), fixture.digest("m"), day: day)])
        }
        // Of what is not there nothing is kept.
        try fixture.append([.manifestPulled(fixture.key(), fixture.digest("x"), day: 20_000)])
        let days = try fixture.read { view, row throws(CatalogError) in
            [
                try view.lastPulled(row, fixture.digest("m")),
                try view.lastPulled(row, fixture.digest("x")),
            ]
        }
        #expect(days == [20_002, nil])
    }

    @Test func `the newest policy of a namespace is kept, and an empty one is none`() throws {
        let fixture = try CatalogFixture()
        try fixture.append([.namespaceCreated(fixture.namespace, name: "team")])
        func policy() throws -> String? {
            try fixture.catalog.read { view throws(CatalogError) in
                try view.retentionPolicy(of: fixture.namespace)
            }
        }
        try fixture.append([.retentionPolicySet(fixture.namespace, policy: "{}")])
        #expect(try policy() == "{}")
        try fixture.append([.retentionPolicySet(fixture.namespace, policy: "")])
        #expect(try policy() == nil)
    }
}
