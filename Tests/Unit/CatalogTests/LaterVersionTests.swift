// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform
import SQLite
import Testing

/// History 17: what a later version wrote must not be skipped, and is told apart from damage (I4).
@Suite struct `Entries of a later version` {
    /// What is unknown of an entry, and what the refusal names.
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var sentence: String
        var patch: @Sendable (inout [UInt8]) -> Void
    }

    static let cases = [
        Case(testDescription: "its level", sentence: "level 9") { $0[4] = 9 },
        Case(testDescription: "its form", sentence: "form 7") { $0[0] = 7 },
        // The kind is the last event's first two bytes; the event is a tag's deletion.
        Case(testDescription: "a kind of event", sentence: "kind \(0x017f)") { bytes in
            let kind = EventKind.tagDeleted.rawValue
            let first = bytes.indices.dropLast().last { index in
                UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]) == kind
            }
            if let first { bytes[first + 1] = 0x7f }
        },
    ]

    @Test(arguments: cases) func `stop the node, which says so`(_ unknown: Case) throws {
        let fixture = try CatalogFixture()
        try fixture.image("x", tag: "v1")
        try fixture.append([.tagDeleted(fixture.key(), try #require(Tag("v1")))])
        try fixture.close()
        try write(unknown.patch, in: fixture)
        for attempt in [open, rebuild] {
            do {
                try attempt(fixture.path)
                Issue.record("it was taken")
            } catch {
                guard case .newer(let sentence) = error else { throw error }
                #expect(sentence.contains(unknown.sentence), "\(sentence)")
            }
        }
    }

    private func open(_ path: String) throws(CatalogError) {
        _ = try Catalog(at: path, world: World.linux())
    }

    private func rebuild(_ path: String) throws(CatalogError) {
        try CatalogRebuild.offline(at: path, world: World.linux()) { _, _ in }
    }

    /// Changes the region journal's last entry as a later version would have written it, chain and all.
    private func write(_ patch: (inout [UInt8]) -> Void, in fixture: CatalogFixture) throws {
        let connection = try Connection(path: "\(fixture.path)/catalog.db", mode: .readWrite)
        let last = "scope = 1 AND position = (SELECT max(position) FROM entries WHERE scope = 1)"
        let read = try connection.prepare("SELECT bytes FROM entries WHERE \(last)")
        let bytes = try #require(try read.first { $0.blob(0) })
        var patched = bytes
        patch(&patched)
        #expect(patched != bytes)
        let write = try connection.prepare(
            "UPDATE entries SET bytes = ?1, chain = ?2 WHERE \(last)"
        )
        try write.bind(1, patched)
        try write.bind(2, EntryCodec.chain(patched))
        try write.run()
        let head = try connection.prepare("UPDATE heads SET chain = ?1 WHERE scope = 1")
        try head.bind(1, EntryCodec.chain(patched))
        try head.run()
        try connection.close()
    }
}
