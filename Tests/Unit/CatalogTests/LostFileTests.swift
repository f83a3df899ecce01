// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Platform
import Testing

@Suite struct `A catalog whose file was lost` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> Catalog {
        try Catalog(at: directory.path, world: World.linux())
    }

    private func refusal(_ body: () throws -> Void) throws -> String {
        let error = #expect(throws: CatalogError.self) { try body() }
        guard case .damaged(let sentence)? = error else {
            Issue.record("refused for another reason: \(String(describing: error))")
            return ""
        }
        return sentence
    }

    // I11: nothing of ours leaves a file of no length, so an empty registry is never its meaning.
    @Test func `with no bytes is refused, opened or rebuilt, and stays as it is`() throws {
        _ = try directory.directory.open(Catalog.fileName, .createNew)
        for sentence in [
            try refusal { _ = try open() },
            try refusal {
                try CatalogRebuild.offline(at: directory.path, world: World.linux()) { _, _ in }
            },
        ] {
            #expect(sentence.contains("'catalog.db' has no bytes"))
            #expect(sentence.contains("restore"))
        }
        #expect(try directory.directory.names(after: "", limit: 9) == [Catalog.fileName])
        #expect(try directory.bytes(of: Catalog.fileName).isEmpty)
    }

    @Test func `with its WAL left is refused, and the WAL stays`() throws {
        let log = "\(Catalog.fileName)-wal"
        try directory.directory.open(log, .createNew).put([1, 2, 3])
        let sentence = try refusal { _ = try open() }
        #expect(sentence.contains("there is 'catalog.db-wal' but no 'catalog.db'"))
        #expect(sentence.contains("restore"))
        #expect(try directory.directory.names(after: "", limit: 9) == [log])
        #expect(try directory.bytes(of: log) == [1, 2, 3])
    }

    @Test func `is not rebuilt from nothing`() throws {
        let sentence = try refusal {
            try CatalogRebuild.offline(at: directory.path, world: World.linux()) { _, _ in }
        }
        #expect(sentence.contains("there is no 'catalog.db'"))
        #expect(try directory.directory.names(after: "", limit: 9).isEmpty)
    }
}
