// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import HTTP
import Journal
import OCI
import Platform
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `What becomes of a change` {
    private func fixture(
        _ configure: (inout Registry.Options) -> Void = { _ in }
    ) async throws -> (Fixture, GatedSequencer, Digest) {
        let sequencer = GatedSequencer()
        let test = try Fixture(sequencer: sequencer, configure)
        return (test, sequencer, try await test.push("x", to: "a"))
    }

    @Test func `an append of unknown outcome is sent again, the same, until it is known`()
        async throws
    {
        // History 3.
        let (test, sequencer, image) = try await fixture()
        let before = sequencer.batches.count
        sequencer.plan([.unknown, .unknown, .appended])
        #expect(try await put(0, image, test))
        let sent = sequencer.batches.dropFirst(before)
        #expect(sent.count == 3 && Set(sent).count == 1)
        #expect(try test.tags("a") == ["t1"])
    }

    @Test(arguments: [AppendOutcome.lost, .refused("full")])
    func `an append that had no effect changes nothing here`(outcome: AppendOutcome) async throws {
        let (test, sequencer, image) = try await fixture()
        let before = try test.entries(.region).count
        sequencer.plan([outcome])
        await #expect(throws: RegistryError.self) { _ = try await put(0, image, test) }
        #expect(try test.tags("a").isEmpty)
        #expect(try test.entries(.region).count == before)
        #expect(try await put(1, image, test))
    }

    @Test func `positions go on without a gap after a failed append, a refusal and a restart`()
        async throws
    {
        // History 2: our own, dense, and never back (I11).
        let (test, sequencer, image) = try await fixture()
        sequencer.plan([.lost, .appended, .refused("full")])
        for number in 0..<3 { _ = await outcome { try await put(number, image, test) } }
        _ = try await test.refusal("a", .deleteManifest(Fixture.digest("unknown")))
        let again = try Fixture(after: test)
        for number in 3..<6 { #expect(try await put(number, image, again)) }
        let stored = try again.catalog.read { view throws(CatalogError) in
            try view.entries(.region, from: 1, limit: 1_000)
        }
        #expect(stored.count > 6)
        var chain = Head.empty.chain
        for (index, entry) in stored.enumerated() {
            let (read, predecessor) = try EntryCodec.decode(entry.bytes)
            #expect(entry.position == UInt64(index + 1))
            #expect(read.origin.position == entry.position && read.origin.incarnation == 1)
            #expect(predecessor == chain)
            chain = entry.chain
        }
        #expect(try again.tags("a") == ["t2", "t4", "t5", "t6"])
    }

    @Test func `a change that cannot be applied is refused alone, and its batch goes on`()
        async throws
    {
        // History 18: sizes whose sum leaves 64 bits must not stop anybody else.
        let (test, sequencer, image) = try await fixture()
        func huge(_ text: String) async -> Bool {
            let receipt = Receipt(
                store: test.blobs.id,
                digest: Fixture.digest(text),
                size: UInt64(Int64.max) / 2 + 1,
                generation: 2
            )
            return await outcome {
                try await test.registry.change(try Fixture.name("a"), .linkBlob(receipt))
                return true
            }
        }
        let before = sequencer.batches.count
        sequencer.close()
        let made = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await outcome { try await put(0, image, test) } }
            while sequencer.batches.count == before { await Task.yield() }
            group.addTask { await huge("one") }
            group.addTask { await huge("two") }
            for number in 1..<4 {
                group.addTask { await outcome { try await put(number, image, test) } }
            }
            while test.registry.registrar.statistics.waiting < 5 { await Task.yield() }
            sequencer.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.count { !$0 } == 1)
        #expect(sequencer.batches.count == before + 2)
        #expect(try test.tags("a") == ["t1", "t2", "t3", "t4"])
        #expect(try await put(4, image, test))
    }

    @Test func `when nobody says what became of an append, nothing is written any more`()
        async throws
    {
        // I11: another entry at its position would be a second past.
        let (test, sequencer, image) = try await fixture { $0.registrar.appendAttemptsMax = 3 }
        let before = sequencer.batches.count
        sequencer.plan([.unknown, .unknown, .unknown])
        for number in 0..<3 {
            await #expect(throws: RegistryError.self) { _ = try await put(number, image, test) }
        }
        #expect(sequencer.batches.count == before + 3)
        #expect(test.registry.registrar.refusal != nil)
        #expect(try await test.has(image, in: "a"))
    }

    @Test func `those who wait behind such an append are refused too`() async throws {
        let (test, sequencer, image) = try await fixture { $0.registrar.appendAttemptsMax = 1 }
        let before = sequencer.batches.count
        sequencer.plan([.unknown])
        sequencer.close()
        let made = await withTaskGroup { group in
            group.addTask { (try? await put(0, image, test)) ?? false }
            while sequencer.batches.count == before { await Task.yield() }
            for number in 1..<5 {
                group.addTask { (try? await put(number, image, test)) ?? false }
            }
            while test.registry.registrar.statistics.waiting < 4 { await Task.yield() }
            sequencer.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made == [false, false, false, false, false])
        #expect(sequencer.batches.count == before + 1)
    }

    @Test func `the same id again is the same change, with its first outcome`() async throws {
        // History 3: what was answered once is not done twice over something newer (I5).
        let (test, _, image) = try await fixture()
        let other = try await test.push("y", to: "a")
        let name = try Fixture.name("a")
        let tag = try Fixture.tag("v1")
        let id = Identifier(from: LinuxRandom())
        let first = try await test.registry.change(name, .putTags([tag], image), id: id)
        try await test.registry.change(name, .putTags([tag], other))
        // Asked of the same process, and of the next: the first ended before it could answer.
        for test in [test, try Fixture(after: test)] {
            let again = try await test.registry.change(name, .putTags([tag], image), id: id)
            #expect(again == first)
            #expect(try await test.registry.manifest(name, .tag(tag))?.digest == other)
            #expect(try test.entries(.region).count { $0.id == id } == 1)
        }
    }

    @Test func `a refusal is no entry and uses no position`() async throws {
        // History 1: what is refused was never ordered.
        let (test, sequencer, _) = try await fixture()
        let before = try test.entries(.region).count
        let batches = sequencer.batches.count
        let unknown = Fixture.digest("unknown")
        #expect(try await test.refusal("a", .deleteManifest(unknown)) != nil)
        #expect(try await test.refusal("new/name", .deleteBlob(unknown)) != nil)
        #expect(try test.entries(.region).count == before)
        #expect(sequencer.batches.count == batches)
    }

    @Test func `a refusal that spoke of a batch that failed is not told`() async throws {
        // The tag it was refused for never came to be.
        let (test, sequencer, image) = try await fixture()
        let bytes = try await test.image("y", in: "a")
        let before = sequencer.batches.count
        let create = Preconditions(Headers([("If-None-Match", "*")]))
        sequencer.plan([.appended, .lost])
        sequencer.close()
        let refusals = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = try? await put(0, image, test)
                return false
            }
            while sequencer.batches.count == before { await Task.yield() }
            group.addTask {
                _ = try? await put(1, image, test)
                return false
            }
            while test.registry.registrar.statistics.waiting < 1 { await Task.yield() }
            group.addTask {
                do {
                    try await test.put(bytes, in: "a", tags: ["t2"], conditions: create)
                } catch RegistryError.refused {
                    return true
                } catch {}
                return false
            }
            while test.registry.registrar.statistics.waiting < 2 { await Task.yield() }
            sequencer.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(!refusals.contains(true))
        #expect(try test.tags("a") == ["t1"])
    }

    @Test func `a clock that is set back gives no smaller stamp`() async throws {
        // History 7: the greater stamp wins, and what is decided later must win.
        let (test, _, image) = try await fixture()
        #expect(try await put(0, image, test))
        test.clocks.setWall(1_000)
        for number in 1..<4 { #expect(try await put(number, image, test)) }
        test.clocks.setWall(1_900_000_000_000)
        #expect(try await put(4, image, test))
        let stamps = try test.entries(.region).map(\.stamp)
        #expect(zip(stamps, stamps.dropFirst()).allSatisfy(<))
        #expect(stamps.last?.milliseconds == 1_900_000_000_000)
    }

    @Test func `a change that waited longer than its deadline is refused`() async throws {
        let (test, sequencer, image) = try await fixture { $0.changeDeadline = .seconds(5) }
        let before = sequencer.batches.count
        sequencer.close()
        let late = await withTaskGroup(of: Refusal?.self) { group in
            group.addTask {
                _ = try? await put(0, image, test)
                return nil
            }
            while sequencer.batches.count == before { await Task.yield() }
            group.addTask {
                do {
                    _ = try await put(1, image, test)
                } catch RegistryError.refused(let refusal) {
                    return refusal
                } catch {}
                return nil
            }
            while test.registry.registrar.statistics.waiting < 1 { await Task.yield() }
            test.clocks.advance(.seconds(6))
            sequencer.open()
            return await group.reduce(into: nil) { $0 = $0 ?? $1 }
        }
        #expect(late == .pastDeadline)
        #expect(try test.tags("a") == ["t1"])
    }

    @Test func `one journal applied twice gives one catalog, whatever was refused on the way`()
        async throws
    {
        // History 1 in one process; across two, with other hash seeds, the catalog's own test.
        let (test, _, image) = try await fixture()
        for number in 0..<5 { _ = try await put(number, image, test) }
        _ = try await test.refusal("a", .deleteBlob(Fixture.digest("x")))
        try await test.registry.changeWholly(try Fixture.name("a"), .deleteManifest(image))
        func dump() throws -> [String] {
            var lines: [String] = []
            try test.catalog.canonicalDump { lines.append($0) }
            return lines
        }
        let before = try dump()
        try await test.registry.rebuildCatalog { _, _ in }
        #expect(try dump() == before)
    }

    /// Whether a change was made.
    private func outcome(_ change: () async throws -> Bool) async -> Bool {
        do { return try await change() } catch { return false }
    }
}
