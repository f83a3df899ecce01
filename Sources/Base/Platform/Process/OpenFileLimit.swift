// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many files this process may hold open.
public enum OpenFileLimit {
    /// Raises the limit as far as the system lets this process, and returns it.
    ///
    /// A shell's usual 1,024 would be less than our own bounds on connections, blobs and uploads.
    public static func raise() -> UInt64 {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 0
        }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        let isRaised = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return UInt64(isRaised ? limit.rlim_cur : before)
    }
}
