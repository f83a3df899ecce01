// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

/// A thread of ours, which neither the runtime's tasks nor Dispatch share.
// Safe because the handle is written once, before anybody else can see the object.
@safe final class Thread: @unchecked Sendable {
    private var handle = pthread_t()
    private let body: @Sendable () -> Void

    /// Starts a thread that runs `body`.
    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
        let this = unsafe Unmanaged.passRetained(self).toOpaque()
        let made = unsafe pthread_create(&handle, nil, runThread, this)
        precondition(made == 0, "the kernel gives no thread: \(made)")
    }

    /// Waits until it ended; call it once.
    func join() {
        pthread_join(handle, nil)
    }

    fileprivate func run() {
        body()
    }
}

private func runThread(_ this: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let this = unsafe this else { return nil }
    unsafe Unmanaged<Thread>.fromOpaque(this).takeRetainedValue().run()
    return nil
}

/// A descriptor that becomes readable when it is rung; for threads that wait in `poll`.
final class Bell: Sendable {
    let descriptor: Int32

    init() {
        descriptor = bw_eventfd()
        precondition(descriptor >= 0, "the kernel gives no descriptor: \(errno)")
    }

    deinit {
        close(descriptor)
    }

    /// Wakes who waits, now or next time.
    func ring() {
        var one: UInt64 = 1
        // A full counter is rung already.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Makes it silent again.
    func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}

/// Time since an arbitrary origin, in nanoseconds.
@inline(__always)
func now() -> UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

extension Duration {
    /// The duration in nanoseconds, at least 0 and at most what 63 bits hold.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 9_000_000_000 else { return UInt64(Int64.max) }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
