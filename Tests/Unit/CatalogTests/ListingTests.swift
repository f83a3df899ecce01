// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import Platform
import Testing

@testable import Catalog

@Suite struct `Listing of repositories` {
    @Test func `looks for the namespaces that a text begins with, and for no more than a name can`()
    {
        #expect(CatalogView.prefixes(of: "").isEmpty)
        #expect(CatalogView.prefixes(of: "a-b.c") == ["a", "a-b", "a-b.c"])
        #expect(CatalogView.prefixes(of: "a-b/c-d") == ["a", "a-b"])
        let long = CatalogView.prefixes(of: String(repeating: "-", count: 8_192))
        #expect(long.count == RepositoryName.lengthMax + 1)
        #expect(long.allSatisfy { $0.utf8.count <= RepositoryName.lengthMax })
    }

    @Test func `goes on behind a text that is longer than names are`() throws {
        let fixture = try CatalogFixture()
        let names = ["a", "a/b", "a-b/c", "b"].compactMap { RepositoryName($0) }
        for (number, namespace) in Set(names.map(\.namespace)).sorted().enumerated() {
            let id = Identifier(high: 1, low: UInt64(number))
            try fixture.append([.namespaceCreated(id, name: namespace)])
            for name in names where name.namespace == namespace {
                let key = RepositoryKey(namespace: id, path: name.path)
                let blob = fixture.digest("blob")
                try fixture.append([.blobLinked(key, blob, size: 1, .first)])
                try fixture.append([.manifestPut(key, fixture.manifest("m \(name)", blob: blob))])
            }
        }
        for (after, left) in [
            ("a-", ["a-b/c", "a/b", "b"]), ("a/", ["a/b", "b"]), ("a/c-", ["b"]),
        ] {
            let text = after + String(repeating: "-", count: 8_192)
            let page = try fixture.catalog.read { view throws(CatalogError) in
                try view.repositories(after: text, limit: 10)
            }
            #expect(page.map(\.description) == left, "after \(after)")
        }
    }
}
