// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

/// The kernel's clocks.
public struct LinuxClocks: Clocks {
    /// Makes them.
    public init() {}

    /// CLOCK_REALTIME.
    public func wallMilliseconds() -> UInt64 {
        let now = LinuxClocks.read(CLOCK_REALTIME)
        return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
    }

    /// CLOCK_BOOTTIME, which also runs while the machine is suspended.
    public func monotonic() -> Duration {
        let now = LinuxClocks.read(CLOCK_BOOTTIME)
        return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
    }

    /// Sleeps on the runtime's continuous clock.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        do {
            try await Task.sleep(for: duration, clock: ContinuousClock())
        } catch {
            throw CancellationError()
        }
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var now = timespec()
        precondition(unsafe clock_gettime(clock, &now) == 0, "the kernel has no such clock")
        return now
    }
}

/// The kernel's generator.
public struct LinuxRandom: RandomSource {
    /// The most `getrandom` gives without being interrupted, in bytes.
    private static let portionMax = 256

    /// Makes it.
    public init() {}

    /// Bytes of `getrandom`.
    public func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let portion = min(LinuxRandom.portionMax, count - filled)
            let done = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe bw_getrandom(buffer.baseAddress?.advanced(by: filled), portion)
            }
            precondition(done == 0, "the kernel gives no random bytes")
            filled += portion
        }
        return bytes
    }
}

/// Ends this process.
public struct ProcessLifeline: Lifeline {
    /// The exit status of a process that ended itself to keep what it promised (sysexits: EX_SOFTWARE).
    public static let exitStatus: Int32 = 70

    /// Makes it.
    public init() {}

    /// Writes the reason to standard error and ends the process at once, without any clean-up.
    public func halt(_ reason: String) {
        let line = Array("breakwater: stopped to keep its promises: \(reason)\n".utf8)
        _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
        _exit(ProcessLifeline.exitStatus)
    }
}

extension World {
    /// The real one.
    public static func linux() -> World {
        World(
            clocks: LinuxClocks(),
            random: LinuxRandom(),
            files: LinuxFileSystem(),
            lifeline: ProcessLifeline()
        )
    }
}
