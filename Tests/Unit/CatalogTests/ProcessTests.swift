// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Journal
import OCI
import Platform
import Testing

/// One journal in several processes: the order of every `Set` and `Dictionary` differs between them.
@Suite struct `One journal in two processes` {
    // I4, histories 1 and 22. A simulation is one process with one seed and would agree with itself.
    @Test func `with other hash seeds means the same`() async throws {
        let fixture = try CatalogFixture()
        try Self.write(to: fixture)
        let expected = try fixture.dump()
        #expect(expected.count > 200)
        try fixture.close()
        let copies = [try TemporaryDirectory(), try TemporaryDirectory()]
        let bytes = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
            .open(Catalog.fileName, .read).all()
        for copy in copies {
            try copy.directory.open(Catalog.fileName, .writeOrCreate).put(bytes)
            await #expect(processExitsWith: .success) { [path = copy.path as String] in
                try Self.rebuild(at: path)
            }
            let lines = String(decoding: try copy.bytes(of: "dump"), as: UTF8.self)
                .split(separator: "\n").map(String.init)
            #expect(lines == expected)
        }
        #expect(try copies[0].bytes(of: "seed") != copies[1].bytes(of: "seed"))
    }

    /// What each process does: the projection anew from the entries, its dump, its hash seed.
    private static func rebuild(at path: String) throws {
        try CatalogRebuild.offline(at: path, world: World.linux()) { _, _ in }
        let catalog = try Catalog(at: path, world: World.linux())
        var dump = ""
        try catalog.canonicalDump { dump += "\($0)\n" }
        try catalog.close()
        let directory = try LinuxFileSystem().directory(at: path, .mustExist)
        try directory.open("dump", .writeOrCreate).put(Array(dump.utf8))
        try directory.open("seed", .writeOrCreate).put(Array("\("seed".hashValue)".utf8))
    }

    /// Indexes over images that share blobs, tags that move, and deletes that take much with them.
    private static func write(to fixture: CatalogFixture) throws {
        for number in 0..<30 {
            try fixture.image("image \(number)", tag: "v\(number % 7)", in: "app\(number % 3)")
        }
        for name in ["app0", "app1"] {
            let key = fixture.key(name)
            var facts = fixture.manifest("index of \(name)", blob: fixture.digest("x"))
            facts.references = (0..<30).filter { "app\($0 % 3)" == name }.map { number in
                ManifestReference(role: .child, digest: fixture.digest("image \(number)"))
            }
            let tag = try #require(Tag("all"))
            try fixture.append([.manifestPut(key, facts), .tagPut(key, tag, facts.digest)])
        }
        let deleted = (0..<30).filter { $0 % 3 == 1 }.map { number in
            Event.manifestDeleted(fixture.key("app1"), fixture.digest("image \(number)"))
        }
        try fixture.append(
            [.manifestDeleted(fixture.key("app1"), fixture.digest("index of app1"))] + deleted
        )
        try fixture.image("image 4", tag: "back", in: "app1")
    }
}
