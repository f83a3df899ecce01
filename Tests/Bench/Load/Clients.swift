// SPDX-License-Identifier: Apache-2.0

import Platform
import Synchronization

/// Several clients at once, each on a thread of its own.
enum Clients {
    /// Runs `body` with each number below `count`; the first failure is thrown at the end.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        let failure = Shared<(any Error)?>(nil)
        let threads = (0..<count).map { number in
            Thread {
                do { try body(number) } catch { failure.set(error) }
            }
        }
        for thread in threads { thread.join() }
        if let error = failure.value { throw error }
    }

    /// Lets so many clients repeat `body` for so many seconds; how often a second it ran.
    static func rate(
        _ count: Int,
        seconds: Int,
        _ body: @escaping @Sendable (Int, Int) throws -> Void
    ) throws -> Double {
        let clocks = LinuxClocks()
        let begun = clocks.monotonic()
        let end = begun + .seconds(seconds)
        let done = Atomic(0)
        try Clients.run(count) { number in
            var turn = 0
            while clocks.monotonic() < end {
                try body(number, turn)
                turn += 1
            }
            done.wrappingAdd(turn, ordering: .relaxed)
        }
        return Double(done.load(ordering: .relaxed)) / Clients.seconds(clocks.monotonic() - begun)
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    /// How long `body` takes, in seconds.
    static func time(_ body: () throws -> Void) rethrows -> Double {
        let clocks = LinuxClocks()
        let begun = clocks.monotonic()
        try body()
        return seconds(clocks.monotonic() - begun)
    }
}

/// A value that threads share.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value { state.withLock { $0 } }
    func set(_ value: Value) { state.withLock { $0 = value } }
    func change(_ body: (inout sending Value) -> Void) { state.withLock { body(&$0) } }
}
