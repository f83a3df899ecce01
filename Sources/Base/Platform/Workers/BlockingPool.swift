// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc
import Synchronization

/// Threads of our own on which tasks may block: on files, SQLite, fsync.
///
/// Not Dispatch's: on Linux those also run the runtime's tasks, and a blocked one starves them. A
/// task given this executor as its preference runs here whenever it is not isolated to an actor.
/// Threads are made when work waits and none is idle, up to the bound; they stay, and with them the
/// pool, until the process ends.
public final class BlockingPool: TaskExecutor {
    /// The most threads a pool may have.
    public static let threadsMaxDefault = 64

    private let state: Mutex<State>
    private let signal = Signal()

    private struct State {
        private var jobs: [UnownedJob] = []
        private var next = 0
        private var idle = 0
        private var threads = 0
        let threadsMax: Int

        init(threadsMax: Int) {
            self.threadsMax = threadsMax
        }

        /// Queues a job and says whether it needs a thread more than there are.
        mutating func push(_ job: UnownedJob) -> Bool {
            jobs.append(job)
            guard jobs.count - next > idle, threads < threadsMax else { return false }
            threads += 1
            idle += 1
            return true
        }

        mutating func pop() -> UnownedJob? {
            guard next < jobs.count else { return nil }
            let job = jobs[next]
            next += 1
            idle -= 1
            // What was taken goes when it is half of all, so that a queue that never empties stays
            // as long as what waits in it.
            if next * 2 >= jobs.count {
                jobs.removeFirst(next)
                next = 0
            }
            return job
        }

        mutating func ranJob() {
            idle += 1
        }

        /// Notes that the kernel gave no thread, and returns how many there are.
        mutating func gotNoThread() -> Int {
            threads -= 1
            idle -= 1
            return threads
        }
    }

    /// Makes a pool of at most `threadsMax` threads.
    public init(threadsMax: Int = threadsMaxDefault) {
        state = Mutex(State(threadsMax: threadsMax))
    }

    /// Queues a job; called by the runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if state.withLock({ $0.push(job) }) { startThread() }
        signal.raise()
    }

    private func startThread() {
        var thread = pthread_t()
        let pool = unsafe Unmanaged.passRetained(self).toOpaque()
        let made = unsafe pthread_create(&thread, nil, runPool, pool)
        guard made == 0 else {
            unsafe Unmanaged<BlockingPool>.fromOpaque(pool).release()
            // Those that are there do the work, later.
            let left = state.withLock { $0.gotNoThread() }
            precondition(left > 0, "the kernel gives no thread: \(made)")
            return
        }
        pthread_detach(thread)
    }

    fileprivate func run() -> Never {
        while true {
            signal.wait()
            // One raise, one job: there is always one to take.
            guard let job = state.withLock({ $0.pop() }) else { continue }
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            state.withLock { $0.ranJob() }
        }
    }
}

private func runPool(_ pool: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pool = unsafe pool else { return nil }
    unsafe bw_name_this_thread("blocking")
    unsafe Unmanaged<BlockingPool>.fromOpaque(pool).takeRetainedValue().run()
}

/// A counting semaphore of the C library.
// Safe because the semaphore lies in memory of its own that lives as long as the process's pools.
@safe private final class Signal: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    /// Of a pool that never had a thread: each thread keeps its pool.
    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func raise() {
        unsafe sem_post(semaphore)
    }

    func wait() {
        while unsafe sem_wait(semaphore) == -1, errno == EINTR {}
    }
}
