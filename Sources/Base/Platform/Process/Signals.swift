// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

/// Signals as something to wait for instead of something that interrupts.
public enum Signals {
    /// What a server waits for.
    public enum Kind: Sendable, Hashable {
        /// SIGTERM or SIGINT: end in good order.
        case stop
        /// SIGHUP: read again what may change while running.
        case reload
    }

    private static let stops = Bell()
    private static let reloads = Bell()

    /// Keeps the signals for `wait`; to be called before the first thread starts, since threads
    /// inherit it.
    ///
    /// They are blocked, so that they interrupt no call, and caught all the same: once the first task waits
    /// for another the runtime lets its first thread take every signal.
    /// A write to a closed connection is an error then, not a signal.
    public static func hold() {
        signal(SIGPIPE, SIG_IGN)
        bw_catch_signals(stops.descriptor, reloads.descriptor)
        var set = held
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for the next one; blocks the calling thread.
    public static func wait() -> Kind {
        var set = held
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        while true {
            var waits = [stops, reloads].map { bell in
                pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
            }
            guard unsafe poll(&waits, 2, -1) > 0 else { continue }
            if waits[0].revents != 0 {
                stops.clear()
                return .stop
            }
            reloads.clear()
            return .reload
        }
    }

    /// Runs `body` on a thread of its own each time that SIGINT, SIGTERM or SIGHUP asks for the end, and
    /// lets them end nothing; for programs whose first threads are not theirs.
    ///
    /// To be called once. What is ignored, as by `nohup`, stays ignored.
    public static func intercept(_ body: @escaping @Sendable () -> Void) {
        let bell = Bell()
        bw_catch_signals(bell.descriptor, bell.descriptor)
        _ = Thread {
            while true {
                bell.wait(milliseconds: -1)
                bell.clear()
                body()
            }
        }
    }

    private static var held: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, number) }
        return set
    }
}
