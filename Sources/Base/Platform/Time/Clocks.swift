// SPDX-License-Identifier: Apache-2.0

/// Time as the rest of the code sees it: one clock people agree on, one that never goes back.
///
/// The production form reads the kernel; the simulator's advances only when nothing is ready to run.
public protocol Clocks: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, as the machine believes; may jump either way.
    func wallMilliseconds() -> UInt64
    /// Time since an arbitrary origin; never goes back, and a change of the wall clock does not move it.
    func monotonic() -> Duration
    /// Returns after `duration` of monotonic time, or throws when the task is cancelled.
    func sleep(for duration: Duration) async throws(CancellationError)
}

/// A source of bytes nobody can foretell (in the simulator: that follow from the seed).
public protocol RandomSource: Sendable {
    /// Returns `count` random bytes.
    func bytes(_ count: Int) -> [UInt8]
}

/// What ends the process when going on would risk an acknowledged write.
///
/// In production `halt` does not return. The simulator's marks the node as crashed and returns, so
/// callers throw after it and touch nothing more.
public protocol Lifeline: Sendable {
    /// Ends the process; `reason` is one sentence for the operator.
    func halt(_ reason: String)
}
