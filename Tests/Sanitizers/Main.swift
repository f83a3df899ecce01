// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Synchronization

/// Mistakes that a sanitizer must report, and the same without the mistake, which it must not.
///
/// A sanitizer that reports nothing may not be looking: `script/sanitize` runs these first.
@main
enum Main {
    private static let usage = "usage: breakwater-planted race|locked|overflow|within"

    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "race": count { $0.unlocked.pointee += 1 }
        case "locked": count { counter in counter.locked.withLock { $0 += 1 } }
        case "overflow": fill(beyond: 1)
        case "within": fill(beyond: 0)
        default:
            print(usage)
            exit(2)
        }
    }

    private static let threadCount = 4

    /// Counts from several threads at once, so that a lock that is held is met often.
    ///
    /// None counts before all are there, and each makes room for the others now and then: of what a thread did
    /// that had ended before another one began, the sanitizer may know nothing any more.
    private static func count(_ step: @escaping @Sendable (Counter) -> Void) {
        let counter = Counter()
        let threads = (0..<threadCount).map { _ in
            Thread {
                counter.begun.add(1, ordering: .relaxed)
                while counter.begun.load(ordering: .relaxed) < threadCount { sched_yield() }
                for number in 0..<50_000 {
                    step(counter)
                    if number % 1000 == 0 { sched_yield() }
                }
            }
        }
        for thread in threads { thread.join() }
        print(counter.unlocked.pointee + counter.locked.withLock { $0 })
    }

    /// Writes to all bytes of a piece of memory, and as many behind it.
    private static func fill(beyond: Int) {
        let size = 64
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        for index in 0..<size + beyond { bytes[index] = UInt8(index) }
        print(bytes[size - 1])
        bytes.deallocate()
    }
}

/// A number that is counted behind a lock, and one that is not.
private final class Counter: @unchecked Sendable {
    let begun = Atomic(0)
    let locked = Mutex(0)
    let unlocked: UnsafeMutablePointer<Int>

    init() {
        unlocked = .allocate(capacity: 1)
        unlocked.initialize(to: 0)
    }

    deinit {
        unlocked.deallocate()
    }
}
