// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

/// The end of a process in a simulation: its disk takes nothing more from it.
public final class SimulatedLifeline: Lifeline {
    private let disk: SimulatedDisk
    private let trace: Trace
    private let reasons = Mutex<[String]>([])

    /// Makes the lifeline of whatever runs on `disk`.
    public init(disk: SimulatedDisk, trace: Trace) {
        self.disk = disk
        self.trace = trace
    }

    /// Ends the process: the disk is dead to it, so nothing it still does has an effect.
    public func halt(_ reason: String) {
        trace.note("halt: \(reason)")
        reasons.withLock { $0.append(reason) }
        disk.crash()
    }

    /// Notes what an operator would read.
    func note(_ notice: String) {
        trace.note(notice)
    }

    /// Why the process ended itself; nil when it did not.
    public var reason: String? { reasons.withLock { $0.first } }
}
