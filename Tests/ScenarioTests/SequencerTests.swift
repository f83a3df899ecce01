// SPDX-License-Identifier: Apache-2.0

import HTTP
import Platform
import Simulation
import Testing

/// Stories of a catalog that is not synced, behind a sequencer that keeps every entry.
@Suite(.serialized, .timeLimit(.minutes(60))) struct `A catalog behind a sequencer` {
    private let repository = "alpha"

    @Test func `has everything again after a crash that rolled it back`() throws {
        // Histories 4 and 9: what fell off the unsynced WAL comes back before anybody is answered.
        let violations = try Stage.play(isBehindSequencer: true) { stage in
            try await stage.start()
            let image = stage.content.manifests[0]
            #expect(await stage.push(image, to: repository, tag: "v1"))
            try await stage.restart(.forgetsUnsynced)
            #expect(await stage.resolve("v1", in: repository) == "\(image.digest)")
        }
        #expect(violations.isEmpty)
    }

    @Test func `takes at once what was ordered, though its own commit failed`() throws {
        // I5: a deletion that is in the journal and not in the catalog would undo what is acknowledged
        // after it.
        let violations = try Stage.play(isBehindSequencer: true) { stage in
            try await stage.start()
            #expect(await stage.push(stage.content.manifests[0], to: repository, tag: "v1"))
            stage.disk.faults.failures = [PlannedFailure(.write, after: 0, kind: .noSpace)]
            let answer = await stage.send("DELETE", "/v2/\(repository)/manifests/v1")
            #expect(stage.disk.faults.failures.isEmpty)
            #expect(answer?.status == 202)
            #expect(await stage.resolve("v1", in: repository) == nil)
        }
        #expect(violations.isEmpty)
    }

    @Test func `stops where it cannot take what was ordered, and has it at the next start`() throws
    {
        let violations = try Stage.play(isBehindSequencer: true) { stage in
            try await stage.start()
            #expect(await stage.push(stage.content.manifests[0], to: repository, tag: "v1"))
            stage.disk.faults.failures = [
                PlannedFailure(.write, after: 0, count: 50, kind: .noSpace)
            ]
            _ = await stage.send("DELETE", "/v2/\(repository)/manifests/v1")
            #expect(stage.disk.isDown)
            stage.disk.faults = DiskFaults()
            try await stage.restart(.processOnly)
            #expect(await stage.resolve("v1", in: repository) == nil)
        }
        #expect(violations.isEmpty)
    }
}
