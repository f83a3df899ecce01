// SPDX-License-Identifier: Apache-2.0

import Journal
import Synchronization

/// A sequencer that keeps its entries away from the machine and outlives it, seen over a bad line.
///
/// What it does was seen of real ones: an append arrives late, even after its node has died; it is lost;
/// it arrives twice; it is in, and nobody learns of it. It gives each position once.
final class FaultySequencer: Sequencer {
    /// The longest a late append is on its way, in milliseconds.
    private static let latenessMax = 20_000

    /// What happens to an append.
    enum Fault: String, CaseIterable {
        case late, lost, repeated, unknown
    }

    private struct State {
        var heads = Heads(region: .empty, estate: .empty)
        var entries: [Scope: [StoredEntry]] = [:]
        var last: Batch?
        /// Appends on their way, with the time of their arrival.
        var late: [(at: Duration, batch: Batch, after: Heads)] = []
        var isFaulty: Bool
        /// Whether entries were read since that was asked last.
        var wasRead = false
    }

    private let state: Mutex<State>
    private let timeline: Timeline
    private let generator: SharedGenerator
    private let findings: Findings

    init(
        timeline: Timeline,
        generator: SharedGenerator,
        findings: Findings,
        isFaulty: Bool = true
    ) {
        state = Mutex(State(isFaulty: isFaulty))
        self.timeline = timeline
        self.generator = generator
        self.findings = findings
    }

    var keepsEntries: Bool { true }

    /// Whether a catalog read entries since this was asked last.
    func wasFollowed() -> Bool {
        state.withLock { state in
            defer { state.wasRead = false }
            return state.wasRead
        }
    }

    /// Whether an append is on its way that may yet take effect.
    var mayComeLate: Bool { state.withLock { !$0.late.isEmpty } }

    /// Ends the faults; what is on its way arrives now.
    func becomeReliable() {
        arrive(until: nil)
        state.withLock { $0.isFaulty = false }
    }

    func append(_ batch: Batch, after heads: Heads) async -> AppendOutcome {
        findings.noteAppend(batch)
        let fault = draw()
        // A cancelled writer's batch is on its way all the same.
        let delay = generator.draw { AppendDelay.draw(&$0) }
        try? await timeline.sleep(for: delay)
        arrive(until: timeline.now)
        if let fault { findings.count("sequencer \(fault.rawValue)") }
        switch fault {
        case .late:
            let milliseconds = generator.draw { $0.below(FaultySequencer.latenessMax) }
            let arrival = timeline.now + .milliseconds(milliseconds)
            state.withLock { $0.late.append((arrival, batch, heads)) }
            return .unknown
        case .lost: return .unknown
        case .unknown:
            _ = state.withLock { FaultySequencer.put(batch, after: heads, in: &$0) }
            return .unknown
        case .repeated:
            return state.withLock { state in
                _ = FaultySequencer.put(batch, after: heads, in: &state)
                return FaultySequencer.put(batch, after: heads, in: &state)
            }
        case nil: return state.withLock { FaultySequencer.put(batch, after: heads, in: &$0) }
        }
    }

    func heads() async throws(SequencerError) -> Heads {
        arrive(until: timeline.now)
        return state.withLock { $0.heads }
    }

    func entries(
        _ scope: Scope,
        from position: UInt64,
        byteLimit: Int
    ) async throws(SequencerError) -> [StoredEntry] {
        state.withLock { state in
            state.wasRead = true
            var bytes = 0
            let later = (state.entries[scope] ?? []).dropFirst(Int(position) - 1)
            return Array(
                later.prefix { entry in
                    defer { bytes += entry.bytes.count }
                    return bytes == 0 || bytes + entry.bytes.count <= byteLimit
                }
            )
        }
    }

    func trim(_ scope: Scope, below position: UInt64) async throws(SequencerError) {}

    /// If the heads are still those, puts the batch behind them; the identical batch is in only once.
    private static func put(
        _ batch: Batch,
        after heads: Heads,
        in state: inout State
    ) -> AppendOutcome {
        guard state.heads == heads else { return state.last == batch ? .appended : .lost }
        for entry in batch.entries { state.entries[entry.scope, default: []].append(entry) }
        state.heads = batch.heads
        state.last = batch
        return .appended
    }

    /// Lets those late appends take effect whose time has come, in the order of their arrival.
    private func arrive(until time: Duration?) {
        state.withLock { state in
            let due = state.late.filter { time == nil || $0.at <= time ?? .zero }
            state.late.removeAll { time == nil || $0.at <= time ?? .zero }
            for append in due.sorted(by: { $0.at < $1.at }) {
                let outcome = FaultySequencer.put(append.batch, after: append.after, in: &state)
                if outcome == .appended { findings.count("sequencer late append took effect") }
            }
        }
    }

    private func draw() -> Fault? {
        guard state.withLock(\.isFaulty) else { return nil }
        return generator.draw { generator in
            generator.chance(1, in: 12) ? generator.pick(Fault.allCases) : nil
        }
    }
}
