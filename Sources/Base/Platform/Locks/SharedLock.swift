// SPDX-License-Identifier: Apache-2.0

import Glibc

// Safe because the lock lies in memory of its own that lives as long as the object.
/// A lock that many hold to use something and one holds to replace it.
///
/// Held over blocking calls, never over an `await`; whoever waits to replace goes before newcomers.
@safe public final class SharedLock: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>

    /// Makes a lock that nobody holds.
    public init() {
        unsafe lock = .allocate(capacity: 1)
        var attributes = pthread_rwlockattr_t()
        unsafe pthread_rwlockattr_init(&attributes)
        unsafe pthread_rwlockattr_setkind_np(
            &attributes,
            Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
        )
        unsafe pthread_rwlock_init(lock, &attributes)
    }

    deinit {
        unsafe pthread_rwlock_destroy(lock)
        unsafe lock.deallocate()
    }

    /// Runs `body` while nobody replaces.
    public func using<Answer, Failure: Error>(
        _ body: () throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        unsafe pthread_rwlock_rdlock(lock)
        defer { unsafe pthread_rwlock_unlock(lock) }
        return try body()
    }

    /// Runs `body` while nobody else uses.
    public func replacing<Answer, Failure: Error>(
        _ body: () throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        unsafe pthread_rwlock_wrlock(lock)
        defer { unsafe pthread_rwlock_unlock(lock) }
        return try body()
    }
}
