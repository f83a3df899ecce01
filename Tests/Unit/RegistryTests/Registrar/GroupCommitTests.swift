// SPDX-License-Identifier: Apache-2.0

import Contracts
import Journal
import OCI
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Group commit` {
    /// One change that waits in its append, `count` more that wait behind it, then the gate opens.
    private func crowd(
        _ count: Int,
        _ configure: (inout Registry.Options) -> Void = { _ in }
    ) async throws -> (Fixture, GatedSequencer, [Bool]) {
        let sequencer = GatedSequencer()
        let test = try Fixture(sequencer: sequencer, configure)
        let image = try await test.push("x", to: "a")
        let before = sequencer.batches.count
        sequencer.close()
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { try await put(-1, image, test) }
            while sequencer.batches.count == before { await Task.yield() }
            for number in 0..<count { group.addTask { try await put(number, image, test) } }
            while test.registry.registrar.statistics.waiting
                < min(count, test.registry.options.registrar.waitingMax)
            {
                await Task.yield()
            }
            sequencer.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        return (test, sequencer, made)
    }

    @Test func `writers that come while a batch is synced share the next sync`() async throws {
        let (test, sequencer, made) = try await crowd(40)
        #expect(made.count == 41 && made.allSatisfy { $0 })
        #expect(sequencer.batches.suffix(2).map(\.entries.count) == [1, 40])
        #expect(test.registry.registrar.statistics.batches == UInt64(sequencer.batches.count))
        #expect(try test.tags("a").count == 41)
    }

    @Test func `a batch has no more changes than it may have, and the lead goes on`() async throws {
        let (test, sequencer, _) = try await crowd(35) { $0.registrar.batchMax = 10 }
        #expect(sequencer.batches.suffix(5).map(\.entries.count) == [1, 10, 10, 10, 5])
        #expect(try test.tags("a").count == 36)
    }

    @Test func `a batch has no more bytes than it may have, and what is left waits its turn`()
        async throws
    {
        let (test, sequencer, made) = try await crowd(30) { $0.registrar.batchBytesMax = 1_000 }
        #expect(made.allSatisfy { $0 })
        #expect(try test.tags("a").count == 31)
        for batch in sequencer.batches {
            let bytes = batch.entries.reduce(0) { $0 + $1.bytes.count }
            #expect(bytes <= 1_000 || batch.entries.count == 1)
        }
        #expect(sequencer.batches.suffix(8).contains { $0.entries.count > 1 })
    }

    @Test func `more than may wait are refused at once, and nobody stalls`() async throws {
        // I10.
        let sequencer = GatedSequencer()
        let test = try Fixture(sequencer: sequencer) { $0.registrar.waitingMax = 3 }
        let image = try await test.push("x", to: "a")
        let before = sequencer.batches.count
        sequencer.close()
        let results = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<12 { group.addTask { try await put(number, image, test) } }
            var refused = 0
            // One leads, three wait: eight are refused while nothing moves.
            while refused < 8, let made = try await group.next() {
                #expect(!made)
                refused += 1
            }
            #expect(sequencer.batches.count == before + 1)
            sequencer.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results == [true, true, true, true])
    }

    @Test func `positions are dense and each entry follows its predecessor`() async throws {
        // I11.
        let (test, _, _) = try await crowd(25) { $0.registrar.batchMax = 7 }
        let entries = try test.entries(.region)
        #expect(entries.map(\.origin.position) == (1...UInt64(entries.count)).map(\.self))
        let stamps = entries.map(\.stamp)
        #expect(zip(stamps, stamps.dropFirst()).allSatisfy(<))
    }

    @Test func `changes are refused while somebody else writes, and taken again after`()
        async throws
    {
        let test = try Fixture()
        let image = try await test.push("x", to: "a")
        try await test.registry.registrar.exclusively(because: "a rebuild") {
            () async throws(RegistryError) in
            do throws(RegistryError) {
                try await test.registry.change(.canary, .deleteManifest(image))
                Issue.record("a change was taken")
            } catch {
                guard case .notReady("a rebuild") = error else { throw error }
            }
        }
        #expect(try await put(1, image, test))
    }

    @Test func `who writes alone waits for the batch under way and goes before those who wait`()
        async throws
    {
        let sequencer = GatedSequencer()
        let test = try Fixture(sequencer: sequencer)
        let image = try await test.push("x", to: "a")
        let before = sequencer.batches.count
        sequencer.close()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await put(0, image, test) }
            while sequencer.batches.count == before { await Task.yield() }
            group.addTask { _ = try await put(1, image, test) }
            while test.registry.registrar.statistics.waiting < 1 { await Task.yield() }
            group.addTask {
                try await test.registry.registrar.exclusively(because: "alone") {
                    () async throws(RegistryError) in
                    #expect(sequencer.batches.count == before + 1)
                }
            }
            while test.registry.registrar.statistics.waiting < 2 { await Task.yield() }
            sequencer.open()
            try await group.waitForAll()
        }
        #expect(sequencer.batches.count == before + 2)
    }
}

/// Puts a tag of the number; false when there is too much to do.
func put(_ number: Int, _ image: Digest, _ test: Fixture) async throws -> Bool {
    let tag = try Fixture.tag("t\(number + 1)")
    let name = try Fixture.name("a")
    do throws(RegistryError) {
        try await test.registry.change(name, .putTags([tag], image))
        return true
    } catch {
        guard case .overloaded = error else { throw error }
        return false
    }
}
