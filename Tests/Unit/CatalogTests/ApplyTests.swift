// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Testing

@Suite struct `Applying entries` {
    @Test func `a put that is newer than a delete wins, whichever comes first`() throws {
        // History 13: X deletes a manifest, Y tags it later; merged, the tag must not dangle (I2).
        for deleteFirst in [true, false] {
            let fixture = try CatalogFixture()
            try fixture.image("m", tag: "v1")
            let digest = fixture.digest("m")
            let tag = try #require(Tag("v2"))
            let v1 = try #require(Tag("v1"))
            let delete: [Event] = [
                .tagDeleted(fixture.key(), v1), .manifestDeleted(fixture.key(), digest),
            ]
            let put: [Event] = [.tagPut(fixture.key(), tag, digest)]
            try fixture.append(deleteFirst ? delete : put, at: deleteFirst ? 5_000 : 6_000)
            try fixture.append(deleteFirst ? put : delete, at: deleteFirst ? 6_000 : 5_000)
            let found = try fixture.read { view, row throws(CatalogError) in
                (
                    try view.tag(row, tag), try view.tag(row, v1),
                    try view.manifest(row, digest)?.facts.references.count,
                    try view.link(row, fixture.digest("blob of m")) != nil
                )
            }
            #expect(found?.0 == digest)
            #expect(found?.1 == nil)
            #expect(found?.2 == 1)
            #expect(found?.3 == true)
        }
    }

    @Test func `a delete that is newer than a put wins, whichever comes first`() throws {
        let tag = try #require(Tag("v1"))
        for deleteFirst in [true, false] {
            let fixture = try CatalogFixture()
            try fixture.image("m", tag: "other")
            let delete: [Event] = [.tagDeleted(fixture.key(), tag)]
            let put: [Event] = [.tagPut(fixture.key(), tag, fixture.digest("m"))]
            try fixture.append(deleteFirst ? delete : put, at: deleteFirst ? 6_000 : 5_000)
            try fixture.append(deleteFirst ? put : delete, at: deleteFirst ? 5_000 : 6_000)
            let found = try fixture.read { view, row throws(CatalogError) in
                try view.tag(row, tag)
            }
            #expect(found == .some(nil))
        }
    }

    @Test func `of two values of a tag the greater stamp wins and the other stays in the history`()
        throws
    {
        let fixture = try CatalogFixture()
        try fixture.image("one", tag: "v1")
        try fixture.image("two", tag: "v2")
        let tag = try #require(Tag("latest"))
        try fixture.append([.tagPut(fixture.key(), tag, fixture.digest("one"))], at: 9_000)
        try fixture.append([.tagPut(fixture.key(), tag, fixture.digest("two"))], at: 8_000)
        let found = try fixture.read { view, row throws(CatalogError) in
            (try view.tag(row, tag), try view.history(row, tag, limit: 10).map(\.digest))
        }
        #expect(found?.0 == fixture.digest("one"))
        #expect(found?.1 == [fixture.digest("two"), fixture.digest("one")])
    }

    @Test func `content keeps its generation until its last name goes`() throws {
        let fixture = try CatalogFixture()
        let blob = fixture.digest("blob")
        try fixture.append([.blobLinked(fixture.key("a"), blob, size: 10, Generation(4))])
        try fixture.append([.blobLinked(fixture.key("b"), blob, size: 10, Generation(6))])
        let content = {
            try fixture.catalog.read { view throws(CatalogError) in try view.content(blob) }
        }
        #expect(try content()?.generation == Generation(4))
        try fixture.append([.blobUnlinked(fixture.key("a"), blob)])
        #expect(try content()?.generation == Generation(4))
        try fixture.append([.blobUnlinked(fixture.key("b"), blob)])
        #expect(try content() == nil)
    }

    @Test func `an entry that cannot be applied is poison for itself alone`() throws {
        // History 18: sizes whose sum leaves 64 bits must not stop anybody else.
        let fixture = try CatalogFixture()
        let huge = UInt64(Int64.max) - 1
        try fixture.append([.blobLinked(fixture.key(), fixture.digest("a"), size: huge, .first)])
        #expect(throws: CatalogError.self) {
            try fixture.append([.blobLinked(fixture.key(), fixture.digest("b"), size: huge, .first)]
            )
        }
        try fixture.append([.blobLinked(fixture.key(), fixture.digest("c"), size: 1, .first)])
        try fixture.reopen()
    }
}
