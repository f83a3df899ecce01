// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

/// One machine's clocks over the timeline all machines share.
///
/// The wall clock may be set wrong and may jump either way; the monotonic one starts at zero when
/// the machine does, and a jump does not move it.
public final class VirtualClocks: Clocks {
    /// Where wall clocks stand when a simulation begins: 2026-01-01T00:00:00Z.
    public static let epochMilliseconds: UInt64 = 1_767_225_600_000

    private struct State {
        var offset: Duration = .zero
        var startedAt: Duration = .zero
        var perMille = 0
        var driftsSince: Duration = .zero
        /// Whether somebody has read this drift from the clock.
        var isDriftSeen = false
        var driftsSeen = 0

        func offset(at now: Duration) -> Duration {
            offset + (now - driftsSince) * perMille / 1000
        }

        /// The offset for who reads the clock.
        mutating func read(at now: Duration) -> Duration {
            let found = offset(at: now)
            if !isDriftSeen, found != offset {
                isDriftSeen = true
                driftsSeen += 1
            }
            return found
        }
    }

    private let timeline: Timeline
    private let state = Mutex(State())

    /// Makes the clocks of a machine on `timeline`.
    public init(_ timeline: Timeline) {
        self.timeline = timeline
    }

    /// The wall clock, with all its jumps.
    public func wallMilliseconds() -> UInt64 {
        let now = timeline.now
        let sinceEpoch = now + state.withLock { $0.read(at: now) }
        let (seconds, attoseconds) = sinceEpoch.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        return UInt64(max(0, Int64(VirtualClocks.epochMilliseconds) + milliseconds))
    }

    /// The time since the machine started.
    public func monotonic() -> Duration {
        timeline.now - state.withLock { $0.startedAt }
    }

    /// Sleeps in virtual time.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        try await timeline.sleep(for: duration)
    }

    /// Sets the wall clock forwards, or with a negative duration back.
    public func jump(by duration: Duration) {
        state.withLock { $0.offset += duration }
    }

    /// Lets the wall clock gain so much from now on, or lose it.
    public func drift(perMille: Int) {
        let now = timeline.now
        state.withLock { state in
            state.offset = state.offset(at: now)
            state.perMille = perMille
            state.driftsSince = now
            state.isDriftSeen = false
        }
    }

    /// How many drifts somebody has read from the wall clock.
    var driftsSeen: Int { state.withLock { $0.driftsSeen } }

    /// Starts the monotonic clock anew, as a machine does.
    public func restart() {
        state.withLock { $0.startedAt = timeline.now }
    }
}
