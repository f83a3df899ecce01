// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Sees jobs that a simulation hands to the global executor, where the seed decides nothing.
///
/// The runtime's `swift_task_enqueueGlobal_hook` is one for the whole process, and other threads (a
/// test's, say) use the global executor rightly; so it counts only on a thread that runs a simulation.
// Safe because the count is touched by the one thread the trap is armed on.
final class EscapeTrap: @unchecked Sendable {
    private(set) var escapes = 0

    private typealias Original = @convention(c) (UnsafeMutableRawPointer) -> Void
    private typealias Hook =
        @convention(c) (UnsafeMutableRawPointer, @escaping Original) -> Void

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        precondition(unsafe pthread_key_create(&key, nil) == 0, "no thread-local key is left")
        return key
    }()

    /// Sets the hook, once.
    ///
    /// Two pointers in two registers: the runtime's calling convention and C's
    /// agree on that.
    private static let installed: Bool = {
        guard let symbol = unsafe dlsym(nil, "swift_task_enqueueGlobal_hook") else { return false }
        let hook: Hook = { job, original in
            if let armed = unsafe pthread_getspecific(EscapeTrap.key) {
                let trap = unsafe Unmanaged<EscapeTrap>.fromOpaque(armed).takeUnretainedValue()
                trap.escapes += 1
            }
            unsafe original(job)
        }
        unsafe symbol.assumingMemoryBound(to: Optional<Hook>.self).pointee = hook
        return true
    }()

    /// Arms a trap on this thread.
    static func arm() -> EscapeTrap {
        precondition(installed, "this runtime has no hook for jobs of the global executor")
        let trap = EscapeTrap()
        unsafe pthread_setspecific(key, Unmanaged.passRetained(trap).toOpaque())
        return trap
    }

    /// Disarms the trap of this thread.
    static func disarm() {
        guard let armed = unsafe pthread_getspecific(key) else { return }
        pthread_setspecific(key, nil)
        unsafe Unmanaged<EscapeTrap>.fromOpaque(armed).release()
    }
}
