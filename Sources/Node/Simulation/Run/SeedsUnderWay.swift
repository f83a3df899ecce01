// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Says which seeds were running when this process crashed: a failed precondition is a find too.
///
/// The handler reads memory that is never freed and calls write(2) alone, then lets the handler that was
/// there before (the runtime's backtrace) have the signal.
public enum SeedsUnderWay {
    /// The most simulations that are noted at the same time.
    private static let slotsMax = 64
    private static let free = UInt64.max
    private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE]

    // Safe because it is made once, before any signal can come, and never freed.
    nonisolated(unsafe) private static let slots: UnsafeMutablePointer<UInt64> = {
        let made = UnsafeMutablePointer<UInt64>.allocate(capacity: slotsMax)
        unsafe made.initialize(repeating: free, count: slotsMax)
        return unsafe made
    }()

    // Safe because only `watch` writes it, before any signal can come, and it is never freed.
    nonisolated(unsafe) private static let before: UnsafeMutablePointer<sigaction> = {
        let made = UnsafeMutablePointer<sigaction>.allocate(capacity: signals.count)
        unsafe made.initialize(repeating: sigaction(), count: signals.count)
        return unsafe made
    }()

    private static let taken = Mutex(0)

    /// Begins to watch for crashes.
    public static func watch() {
        _ = unsafe slots
        for (index, signal) in signals.enumerated() {
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_handler = tellSeeds
            action.sa_flags = SA_ONSTACK
            unsafe sigaction(signal, &action, before + index)
        }
    }

    /// Notes that a seed runs, for as long as `body` does.
    static func note<Value>(_ seed: UInt64, _ body: () -> Value) -> Value {
        let slot = taken.withLock { taken in
            (0..<slotsMax).first { unsafe slots[$0] == free && taken & (1 << $0) == 0 }
                .map { slot in
                    taken |= 1 << slot
                    return slot
                }
        }
        guard let slot else { return body() }
        unsafe slots[slot] = seed
        defer {
            unsafe slots[slot] = free
            taken.withLock { $0 &= ~(1 << slot) }
        }
        return body()
    }

    /// Writes the seeds to standard error and hands the signal on: when this returns, the instruction
    /// is tried again and meets the handler that was there before.
    fileprivate static func tell(_ signal: Int32) {
        for (index, watched) in signals.enumerated() where watched == signal {
            unsafe sigaction(signal, before + index, nil)
        }
        write("breakwater-sim crashed; seeds under way:")
        for slot in 0..<slotsMax {
            let seed = unsafe slots[slot]
            guard seed != free else { continue }
            write(" ")
            write(seed)
        }
        write("\n")
    }

    private static func write(_ text: StaticString) {
        _ = unsafe Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
    }

    private static func write(_ number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            var digit = UInt8(ascii: "0") + UInt8(number / divisor % 10)
            _ = unsafe Glibc.write(2, &digit, 1)
            divisor /= 10
        }
    }
}

private func tellSeeds(_ signal: Int32) {
    SeedsUnderWay.tell(signal)
}
