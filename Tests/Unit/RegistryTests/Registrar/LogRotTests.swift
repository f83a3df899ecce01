// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import SQLite
import Testing

@testable import Registry

@Suite struct `A registry whose catalog's WAL rots` {
    // I1: what is acknowledged behind a damaged page of the WAL would be lost with it.
    @Test func `takes no changes and says so, until a rebuild`() async throws {
        var options = Catalog.Options()
        options.vfs = PageCheckVFS(over: .system) { Issue.record("a sync failed: \($0)") }
        options.checkpointFrames = 100
        let test = try Fixture(catalog: options)
        let first = try await test.blob("first", in: "a")
        let root = try Connection(
            path: "\(test.temporary.path)/\(Catalog.fileName)",
            mode: .readOnly
        ).prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'namespaces'")
            .first { Int($0.integer(0)) }
        let damaged = try test.temporary.directory.flipBits(
            inLog: "\(Catalog.fileName)-wal",
            ofPage: try #require(root)
        )
        #expect(damaged > 0)
        let changes = test.registry.registrar
        for number in 0..<1000 where changes.refusal == nil {
            try await test.blob("\(number)", in: "a")
        }
        #expect(changes.refusal?.contains("the WAL cannot be copied into the file") == true)
        let error = await #expect(throws: RegistryError.self) { try await test.blob("x", in: "a") }
        guard case .catalog(.damaged)? = error else {
            Issue.record("refused for another reason: \(String(describing: error))")
            return
        }
        try await test.registry.rebuildCatalog { _, _ in }
        #expect(changes.refusal == nil)
        try await test.blob("x", in: "a")
        #expect(try await test.registry.blob(Fixture.name("a"), first) != nil)
    }
}
