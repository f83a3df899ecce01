// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

// Safe because the handle is written before the object is handed out, and read by `join` alone.
/// A thread of our own, which neither the runtime's tasks nor Dispatch share.
@safe public final class Thread: @unchecked Sendable {
    private var handle = pthread_t()
    private let body: @Sendable () -> Void

    /// Starts a thread that runs `body`.
    public init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
        let this = unsafe Unmanaged.passRetained(self).toOpaque()
        let made = unsafe pthread_create(&handle, nil, runThread, this)
        precondition(made == 0, "the kernel gives no thread: \(made)")
    }

    /// Waits until it ended; call it once.
    public func join() {
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
public final class Bell: Sendable {
    /// What to wait for.
    public let descriptor: Int32

    /// Makes a silent bell.
    public init() {
        descriptor = bw_eventfd()
        precondition(descriptor >= 0, "the kernel gives no descriptor: \(errno)")
    }

    deinit {
        close(descriptor)
    }

    /// Wakes who waits, now or next time.
    public func ring() {
        var one: UInt64 = 1
        // A full counter is rung already.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Makes it silent again.
    public func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
    }

    /// Waits until it is rung, at most so many milliseconds (for ever when negative).
    public func wait(milliseconds: Int32) {
        var waits = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&waits, 1, milliseconds)
    }
}
