// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A thread for one simulation: not one of the runtime's, which must not run jobs inside a job.
enum SimulationThread {
    /// Room for SQLite and deep recursion of the code under test.
    private static let stackBytes = 16 << 20

    /// Runs `body` on a new thread and returns what it returned, once it has.
    static func run<Value>(_ body: () -> Value) -> Value {
        var value: Value?
        withoutActuallyEscaping({ value = body() }) { body in
            let work = Work(body)
            var attributes = pthread_attr_t()
            unsafe pthread_attr_init(&attributes)
            unsafe pthread_attr_setstacksize(&attributes, stackBytes)
            defer { unsafe pthread_attr_destroy(&attributes) }
            var thread = pthread_t()
            let pointer = unsafe Unmanaged.passRetained(work).toOpaque()
            let made = unsafe pthread_create(&thread, &attributes, runWork, pointer)
            precondition(made == 0, "the kernel gives no thread: \(made)")
            pthread_join(thread, nil)
        }
        guard let value else { preconditionFailure("the thread ended early") }
        return value
    }
}

private final class Work {
    let body: () -> Void

    init(_ body: @escaping () -> Void) {
        self.body = body
    }
}

private func runWork(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer = unsafe pointer else { return nil }
    unsafe Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
    return nil
}
