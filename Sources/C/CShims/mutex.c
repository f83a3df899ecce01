// SPDX-License-Identifier: Apache-2.0

// Tells the thread sanitizer about Swift's Mutex; no other build has anything of this.
//
// A Mutex that is free is taken by an atomic operation in the code of whoever takes it, which the
// sanitizer sees. One that is not is left to three functions of the toolchain's library, which was built
// without the sanitizer: what their callers did before a lock came to them looks unordered. So a program
// under the sanitizer has these functions itself; they call those of the library and say what they did
// (docs/decisions/0003). The names are the toolchain's; should it change them, `script/sanitize thread`
// reports a counter behind a Mutex and fails.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define HANDLE __attribute__((swift_context)) void *handle

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"

void __tsan_acquire(void *address);
void __tsan_release(void *address);

typedef SWIFT void (*Lock)(uint32_t thread, HANDLE);
typedef SWIFT void (*Unlock)(HANDLE);
typedef SWIFT bool (*TryLock)(HANDLE);

static Lock lock;
static Unlock unlock;
static TryLock try_lock;

// Before the first thread, so that looking for them is no race. A program without a Mutex is linked
// without that library, finds none of them, and calls none.
__attribute__((constructor)) static void find(void) {
    lock = (Lock)dlsym(RTLD_NEXT, LOCK);
    unlock = (Unlock)dlsym(RTLD_NEXT, UNLOCK);
    try_lock = (TryLock)dlsym(RTLD_NEXT, TRY_LOCK);
}

SWIFT void bw_mutex_lock(uint32_t thread, HANDLE) __asm__(LOCK);
SWIFT void bw_mutex_lock(uint32_t thread, HANDLE) {
    lock(thread, handle);
    __tsan_acquire(handle);
}

SWIFT void bw_mutex_unlock(HANDLE) __asm__(UNLOCK);
SWIFT void bw_mutex_unlock(HANDLE) {
    __tsan_release(handle);
    unlock(handle);
}

SWIFT bool bw_mutex_try_lock(HANDLE) __asm__(TRY_LOCK);
SWIFT bool bw_mutex_try_lock(HANDLE) {
    bool taken = try_lock(handle);
    if (taken) __tsan_acquire(handle);
    return taken;
}

#endif
#endif
