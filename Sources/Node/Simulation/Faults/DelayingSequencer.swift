// SPDX-License-Identifier: Apache-2.0

import Journal
import Synchronization

/// The local sequencer, slower: other things happen while a batch is being appended.
///
/// The local one answers at once, so that nobody could ever wait for a batch to share. Sometimes it
/// says `unknown` first, as the port allows every sequencer to, and is asked again.
struct DelayingSequencer: Sequencer {
    private let base = LocalSequencer()
    private let timeline: Timeline
    private let generator: SharedGenerator

    private let findings: Findings

    init(timeline: Timeline, generator: SharedGenerator, findings: Findings) {
        self.timeline = timeline
        self.findings = findings
        self.generator = generator
    }

    var keepsEntries: Bool { false }

    func append(_ batch: Batch, after heads: Heads) async -> AppendOutcome {
        findings.noteAppend(batch)
        let (delay, isUnknown) = generator.draw { (AppendDelay.draw(&$0), $0.chance(1, in: 40)) }
        // A cancelled writer's batch is appended all the same.
        try? await timeline.sleep(for: delay)
        if isUnknown { return .unknown }
        return await base.append(batch, after: heads)
    }

    func heads() async throws(SequencerError) -> Heads {
        try await base.heads()
    }

    func entries(
        _ scope: Scope,
        from position: UInt64,
        byteLimit: Int
    ) async throws(SequencerError) -> [StoredEntry] {
        try await base.entries(scope, from: position, byteLimit: byteLimit)
    }

    func trim(_ scope: Scope, below position: UInt64) async throws(SequencerError) {
        try await base.trim(scope, below: position)
    }
}
