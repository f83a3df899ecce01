// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Blocking pool` {
    /// Counts who is inside at the same time, and holds them until enough are.
    private final class Meeting: Sendable {
        private struct State {
            var inside = 0
            var most = 0
            var isOpen = false
        }
        private let state = Mutex(State())
        private let expected: Int
        init(of expected: Int) { self.expected = expected }

        var most: Int { state.withLock { $0.most } }

        /// Blocks this thread until as many as expected are inside.
        func attend() {
            state.withLock { state in
                state.inside += 1
                state.most = max(state.most, state.inside)
                if state.inside == expected { state.isOpen = true }
            }
            while !state.withLock({ $0.isOpen }) { sched_yield() }
            state.withLock { $0.inside -= 1 }
        }
    }

    @Test func `blocked tasks do not keep others from running, up to the bound`() async {
        let pool = BlockingPool(threadsMax: 8)
        let meeting = Meeting(of: 8)
        await withTaskExecutorPreference(pool) {
            await withTaskGroup { group in
                for _ in 0..<100 { group.addTask { meeting.attend() } }
            }
        }
        #expect(meeting.most == 8)
    }

    @Test func `a pool of one thread runs all, one at a time`() async {
        let pool = BlockingPool(threadsMax: 1)
        let meeting = Meeting(of: 1)
        let ran = await withTaskExecutorPreference(pool) {
            await withTaskGroup { group in
                for _ in 0..<1000 {
                    group.addTask {
                        meeting.attend()
                        return 1
                    }
                }
                return await group.reduce(0, +)
            }
        }
        #expect(ran == 1000)
        #expect(meeting.most == 1)
    }

    @Test func `its threads carry a name and are not the runtime's`() async {
        let pool = BlockingPool(threadsMax: 1)
        let name = await withTaskExecutorPreference(pool) { await Self.threadName() }
        #expect(name == "blocking")
    }

    @concurrent private static func threadName() async -> String {
        let stream = fopen("/proc/thread-self/comm", "r")
        defer { if let stream { fclose(stream) } }
        var text = [CChar](repeating: 0, count: 64)
        guard let stream, fgets(&text, 64, stream) != nil else { return "" }
        let bytes = text.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
