// SPDX-License-Identifier: Apache-2.0

import BlobsDisk
import Catalog
import Contracts
import Crypto
import HTTP
import Journal
import OCI
import Platform
import Registry
import Scrub
import Sweep
import Synchronization
import Telemetry
import Testing

@testable import Node

/// Clocks on which sleeping takes time and no waiting; once they are held, it lasts until the task is cancelled.
private final class HeldClocks: Clocks {
    private let hand = HandClocks()
    private let isHeld = Atomic(false)
    private let isSomeoneHeld = Atomic(false)

    func wallMilliseconds() -> UInt64 { hand.wallMilliseconds() }
    func monotonic() -> Duration { hand.monotonic() }
    func advance(_ duration: Duration) { hand.advance(duration) }
    func hold() { isHeld.store(true, ordering: .releasing) }
    var holds: Bool { isSomeoneHeld.load(ordering: .acquiring) }

    func sleep(for duration: Duration) async throws(CancellationError) {
        await Task.yield()
        while isHeld.load(ordering: .acquiring) && !Task.isCancelled {
            isSomeoneHeld.store(true, ordering: .releasing)
            await Task.yield()
        }
        guard !Task.isCancelled else { throw CancellationError() }
        hand.advance(duration)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The care for the scrub` {
    private static let bytes = Array("a blob that is lost".utf8)

    private func push(to registry: Registry) async throws -> Digest {
        let upload = try await registry.beginUpload(.canary, .sha256)
        _ = try await registry.append(
            BufferedBody(Self.bytes),
            to: upload,
            range: nil,
            declared: nil
        )
        let digest = Digest.of(Self.bytes)
        try await registry.finishUpload(upload, as: digest, .canary)
        return digest
    }

    /// Ends with the test's time at the latest.
    private func wait(until isTime: () -> Bool) async throws {
        while !isTime() {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test func `finds that a loss was pushed again while a round is under way`() async throws {
        let directory = try TemporaryDirectory()
        let clocks = HeldClocks()
        var world = World.linux()
        world.clocks = clocks
        let data = try DataDirectory(at: "\(directory.path)/data", world: world)
        let registry = data.registry(world)
        let lines = MemoryLog()
        let log = Log(to: lines, format: .text, level: .info, clocks: clocks)
        let options = Scrub.Options()
        let sweep = try data.sweep(world, Sweep.Options(), registry, log)
        let scrub = try data.scrub(world, options, registry, sweep, log)
        let digest = try await push(to: registry)
        let generation = Generation.first.number
        #expect(try await data.blobs.delete([digest], generation: generation).count == 1)
        _ = try await scrub.runNow {}
        #expect(scrub.status.losses.map(\.digest) == [digest])
        // The next round begins, and goes on for as long as this test does.
        clocks.advance(options.period)
        clocks.hold()
        let care = ScrubCare(scrub: scrub, clocks: HeldClocks(), log: log)
        let task = Task { await care.run() }
        try await wait { clocks.holds }
        #expect(scrub.status.isRunning && scrub.status.losses.count == 1)
        _ = try await push(to: registry)
        try await wait { lines.text.contains("a lost copy is back") }
        #expect(scrub.status.isRunning && scrub.status.repaired == 1)
        #expect(scrub.status.losses.isEmpty)
        task.cancel()
        await task.value
        try data.catalog.close()
    }
}
