// SPDX-License-Identifier: Apache-2.0

import Contracts
import Node
import Platform
import Testing

/// I11: a node never begins with nothing where there was something.
@Suite(.ownThreads) struct `A node whose data directory lost a file` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Starts a node that has content (its canary), stops it, and gives its data directory.
    private func used() async throws -> any Directory {
        try await RunningNode(in: directory).stop()
        return try directory.directory.directory("data", .mustExist)
    }

    private func refusal() async -> String {
        let error = await #expect(throws: NodeError.self) { try await RunningNode(in: directory) }
        return error?.description ?? ""
    }

    @Test func `refuses content whose catalog is gone, and begins no other`() async throws {
        let data = try await used()
        try data.remove("catalog.db")
        let sentence = await refusal()
        #expect(sentence.contains("there is content but no 'catalog.db'"))
        #expect(sentence.contains("restore"))
        #expect(try !data.names(after: "", limit: 99).contains { $0.hasPrefix("catalog.") })
    }

    @Test func `refuses a catalog of no length`() async throws {
        let data = try await used()
        try data.open("catalog.db", .write).truncate(to: 0)
        let sentence = await refusal()
        #expect(sentence.contains("'catalog.db' has no bytes"))
        #expect(sentence.contains("restore"))
        #expect(try data.open("catalog.db", .read).size() == 0)
    }

    @Test func `refuses content whose store's id is gone, and draws no other`() async throws {
        let data = try await used()
        let id = try data.open("store", .read).all()
        try data.remove("store")
        let sentence = await refusal()
        #expect(sentence.contains("there is content in 'blobs' but no 'store'"))
        #expect(sentence.contains("restore"))
        #expect(try !data.names(after: "", limit: 99).contains("store"))
        // The way out, in the sentence and the runbook.
        try data.open("store", .createNew).put(id)
        try await RunningNode(in: directory).stop()
    }

    @Test func `begins anew where the first start was cut off before any content`() async throws {
        let data = try await used()
        for name in try data.names(after: "", limit: 99) where name.hasPrefix("catalog.") {
            try data.remove(name)
        }
        try data.rename("blobs", to: directory.directory, as: "blobs")
        try await RunningNode(in: directory).stop()
    }
}
