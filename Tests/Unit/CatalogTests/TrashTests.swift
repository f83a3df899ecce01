// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Testing

@Suite struct `The trash` {
    private func trash(_ fixture: CatalogFixture, _ name: String) throws {
        try fixture.append([
            .manifestTrashed(fixture.key(), fixture.digest(name), until: 900, linksUntil: 500)
        ])
    }

    private func isNamed(_ fixture: CatalogFixture, _ digest: Digest) throws -> [Bool] {
        try fixture.catalog.read { view throws(CatalogError) in
            [try view.content(digest) != nil, try view.isNamed(digest)]
        }
    }

    @Test func `a manifest in the trash is not there, and its bytes and blobs are kept (I7)`()
        throws
    {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        let blob = fixture.digest("blob of m")
        try trash(fixture, "m")
        try fixture.append([.blobUnlinked(fixture.key(), blob)])
        let found = try fixture.read { view, row throws(CatalogError) in
            (
                try view.manifest(row, fixture.digest("m")),
                try view.trashed(row, fixture.digest("m"))
            )
        }
        #expect(found?.0 == nil)
        #expect(found?.1?.until == 900)
        #expect(found?.1?.facts == fixture.manifest("m", blob: blob))
        #expect(try isNamed(fixture, blob) == [true, true])
        #expect(try isNamed(fixture, fixture.digest("m")) == [true, true])
    }

    @Test func `what the trash lets go of has no name any more`() throws {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        let blob = fixture.digest("blob of m")
        try trash(fixture, "m")
        try fixture.append([.blobUnlinked(fixture.key(), blob)])
        let due = try fixture.catalog.read { view throws(CatalogError) in
            [try view.dueTrash(by: 899, limit: 9), try view.dueTrash(by: 900, limit: 9)]
        }
        #expect(due.map(\.due.count) == [0, 1])
        try fixture.append([.manifestPurged(fixture.key(), fixture.digest("m"))])
        #expect(try isNamed(fixture, blob) == [false, false])
        #expect(try isNamed(fixture, fixture.digest("m")) == [false, false])
        // Once is enough.
        try fixture.append([.manifestPurged(fixture.key(), fixture.digest("m"))])
        #expect(try isNamed(fixture, blob) == [false, false])
    }

    @Test func `a manifest that is put again leaves the trash, and its ended links come back`()
        throws
    {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        let blob = fixture.digest("blob of m")
        let facts = fixture.manifest("m", blob: blob)
        try trash(fixture, "m")
        try fixture.append([.blobUnlinked(fixture.key(), blob)])
        try fixture.append([.manifestPut(fixture.key(), facts)])
        let found = try fixture.read { view, row throws(CatalogError) in
            (
                try view.manifest(row, facts.digest)?.facts, try view.trashed(row, facts.digest),
                try view.link(row, blob) != nil, try view.expiry(row, blob)
            )
        }
        #expect(found?.0 == facts)
        #expect(found?.1 == nil)
        #expect(found?.2 == true)
        #expect(found?.3 == .some(nil))
        // Each name is counted once: without it nothing is left.
        try fixture.append([.manifestDeleted(fixture.key(), facts.digest)])
        try fixture.append([.blobUnlinked(fixture.key(), blob)])
        #expect(try isNamed(fixture, blob) == [false, false])
        #expect(try isNamed(fixture, facts.digest) == [false, false])
    }

    @Test func `a delete that is older than its put leaves nothing in the trash`() throws {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        try fixture.append(
            [.manifestTrashed(fixture.key(), fixture.digest("m"), until: 900, linksUntil: 500)],
            at: 1
        )
        let found = try fixture.read { view, row throws(CatalogError) in
            (
                try view.manifest(row, fixture.digest("m")),
                try view.trashed(row, fixture.digest("m"))
            )
        }
        #expect(found?.0 != nil)
        #expect(found?.1 == nil)
    }

    @Test func `values that tags had are listed with the entry that ended them`() throws {
        let fixture = try CatalogFixture()
        try fixture.image("m", tag: "v1")
        try fixture.image("n", tag: "v1")
        let tag = try #require(Tag("v1"))
        // The same value once more ends nothing.
        try fixture.append([.tagPut(fixture.key(), tag, fixture.digest("n"))])
        try fixture.append([.tagDeleted(fixture.key(), tag)])
        try fixture.image("o", tag: "w")
        let pages = try fixture.read { view, row throws(CatalogError) in
            let first = try view.endedTags(row, after: nil, limit: 1)
            return [
                first,
                try view.endedTags(
                    row,
                    after: first.last.map { ($0.tag.description, $0.position, $0.ordinal) },
                    limit: 9
                ),
            ]
        }
        #expect(pages?[0].map(\.digest) == [fixture.digest("m")])
        #expect(pages?[0].map(\.isDeleted) == [false])
        #expect(pages?[1].map(\.digest) == [fixture.digest("n")])
        #expect(pages?[1].map(\.isDeleted) == [true])
    }

    @Test func `a repository is counted for overwritten tags as long as they can be had back`()
        throws
    {
        let fixture = try CatalogFixture()
        let tag = try #require(Tag("v1"))
        try fixture.image("m", tag: "v1")
        // The same value once more, and one that is back, are nothing to be had back.
        try fixture.image("same", tag: "v1", in: "same")
        try fixture.append([.tagPut(fixture.key("same"), tag, fixture.digest("same"))])
        try fixture.image("back", tag: "v1", in: "back")
        try fixture.append([.tagDeleted(fixture.key("back"), tag)])
        try fixture.append([.tagPut(fixture.key("back"), tag, fixture.digest("back"))])
        func counted(since: UInt64 = 0) throws -> [String] {
            try fixture.catalog.read { view throws(CatalogError) in
                try view.repositoriesWithEndedTags(since: since, after: 0, limit: 9)
                    .map { "\($0.tags) of \($0.key.path)" }
            }
        }
        #expect(try counted().isEmpty)
        // A tag with two earlier values is one tag.
        try fixture.image("n", tag: "v1")
        try fixture.image("o", tag: "v1")
        #expect(try counted() == ["1 of app"])
        #expect(try counted(since: 1_000_000).isEmpty)
        try fixture.append([.manifestDeleted(fixture.key(), fixture.digest("n"))])
        try trash(fixture, "m")
        #expect(try counted() == ["1 of app"])
        try fixture.append([.manifestPurged(fixture.key(), fixture.digest("m"))])
        #expect(try counted().isEmpty)
    }
}
