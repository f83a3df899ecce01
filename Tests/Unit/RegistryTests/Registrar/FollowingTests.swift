// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Synchronization
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `A catalog that follows a sequencer` {
    @Test func `reads what it lacks from its position on, and means the same`() async throws {
        // History 4: what an unsynced catalog forgot is in the sequencer.
        let sequencer = KeepingSequencer()
        let first = try Fixture(sequencer: sequencer)
        let image = try await first.push("x", to: "a")
        try await tag("v1", image, first)
        let behind = try Fixture(sequencer: sequencer)
        try await behind.registry.registrar.follow()
        #expect(try heads(behind) == heads(first))
        #expect(try behind.tags("a") == first.tags("a"))
        // Nothing is left to read, and nothing is applied twice.
        try await behind.registry.registrar.follow()
        #expect(try heads(behind) == heads(first))
    }

    @Test func `applies what came first and decides again when it lost the race`() async throws {
        // History 1.
        let sequencer = KeepingSequencer()
        let first = try Fixture(sequencer: sequencer)
        let image = try await first.push("x", to: "a")
        let other = try Fixture(sequencer: sequencer)
        try await other.registry.registrar.follow()
        try await tag("v1", image, first)
        try await tag("v2", image, other)
        #expect(try other.tags("a") == ["v1", "v2"])
        try await first.registry.registrar.follow()
        #expect(try heads(first) == heads(other))
        #expect(try first.tags("a") == ["v1", "v2"])
    }

    @Test func `takes no entry that does not follow its own past`() async throws {
        // I11.
        let sequencer = KeepingSequencer()
        let first = try Fixture(sequencer: sequencer)
        _ = try await first.push("x", to: "a")
        let behind = try Fixture(sequencer: sequencer)
        let before = try heads(behind)
        sequencer.alter { $0.bytes[$0.bytes.count - 1] ^= 1 }
        await #expect(throws: RegistryError.self) {
            try await behind.registry.registrar.follow()
        }
        #expect(try heads(behind)[.region] == before[.region])
    }

    @Test func `takes no change any more once the sequencer is behind it`() async throws {
        // History 5: a sequencer that was restored into its past.
        let sequencer = KeepingSequencer()
        let test = try Fixture(sequencer: sequencer)
        let image = try await test.push("x", to: "a")
        sequencer.forget()
        let before = try heads(test)
        await #expect(throws: RegistryError.self) { try await tag("v1", image, test) }
        #expect(test.registry.registrar.refusal?.contains("lost history") ?? false)
        #expect(try heads(test) == before)
    }

    @Test func `adds nothing behind an entry that it cannot take`() async throws {
        let sequencer = KeepingSequencer()
        let first = try Fixture(sequencer: sequencer)
        let image = try await first.push("x", to: "a")
        let other = try Fixture(sequencer: sequencer)
        try await other.registry.registrar.follow()
        try await tag("v1", image, first)
        sequencer.alter { $0.chain[0] ^= 1 }
        await #expect(throws: RegistryError.self) { try await tag("v2", image, other) }
        #expect(try other.tags("a").isEmpty)
        #expect(try first.tags("a") == ["v1"])
    }

    private func heads(_ test: Fixture) throws -> Heads {
        try test.catalog.read { view throws(CatalogError) in try view.heads() }
    }

    private func tag(_ name: String, _ image: Digest, _ test: Fixture) async throws {
        try await test.registry.change(
            Fixture.name("a"),
            .putTags([Fixture.tag(name)], image)
        )
    }
}

/// A sequencer that keeps its entries in memory, as one away from its nodes does.
private final class KeepingSequencer: Sequencer {
    private struct State {
        var heads = Heads(region: .empty, estate: .empty)
        var entries: [StoredEntry] = []
    }

    private let state = Mutex(State())

    var keepsEntries: Bool { true }

    /// Changes every entry.
    func alter(_ change: (inout StoredEntry) -> Void) {
        state.withLock { state in
            for index in state.entries.indices { change(&state.entries[index]) }
        }
    }

    /// Is again as it was at first.
    func forget() {
        state.withLock { $0 = State() }
    }

    func append(_ batch: Batch, after heads: Heads) async -> AppendOutcome {
        state.withLock { state in
            guard state.heads == heads else { return .lost }
            state.entries += batch.entries
            state.heads = batch.heads
            return .appended
        }
    }

    func heads() async throws(SequencerError) -> Heads { state.withLock(\.heads) }

    func entries(
        _ scope: Scope,
        from position: UInt64,
        byteLimit: Int
    ) async throws(SequencerError) -> [StoredEntry] {
        // One at a time, so that every page has a successor.
        state.withLock { state in
            state.entries.first { $0.scope == scope && $0.position >= position }.map { [$0] } ?? []
        }
    }

    func trim(_ scope: Scope, below position: UInt64) async throws(SequencerError) {}
}
