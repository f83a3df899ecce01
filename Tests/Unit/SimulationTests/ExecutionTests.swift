// SPDX-License-Identifier: Apache-2.0

import Simulation
import Synchronization
import Testing

/// One run of a small world: what it returned is the order in which things happened.
private func history(seed: UInt64) throws -> (order: [String], trace: UInt64) {
    let timeline = Timeline()
    let trace = Trace()
    let executor = SeededExecutor(
        generator: SeededGenerator(seed: seed, purpose: "executor"),
        timeline: timeline,
        trace: trace
    )
    let order = try executor.run {
        let counter = Counter()
        let log = Log()
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<5 {
                group.addTask {
                    for step in 0..<4 {
                        let number = await counter.increment()
                        log.add("\(client).\(step)=\(number)")
                        if step == client {
                            do {
                                try await timeline.sleep(for: .seconds(3600 * client))
                            } catch {
                                log.add("\(client) cancelled")
                            }
                        }
                        await Task.yield()
                    }
                }
            }
        }
        async let left = counter.increment()
        async let right = counter.increment()
        let sum = await left + right
        return log.lines + ["\(sum)"]
    }
    return (order, trace.hash)
}

private final class Log: Sendable {
    private let state = Mutex<[String]>([])
    var lines: [String] { state.withLock { $0 } }

    func add(_ line: String) {
        state.withLock { $0.append(line) }
    }
}

private actor Counter {
    private var value = 0

    func increment() -> Int {
        value += 1
        return value
    }
}

@Suite struct `Seeded execution` {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `one seed gives one history`(seed: UInt64) throws {
        let first = try history(seed: seed)
        let second = try history(seed: seed)
        #expect(first.order == second.order)
        #expect(first.trace == second.trace)
    }

    @Test func `different seeds give different histories`() throws {
        let histories = try Set((0..<20).map { try history(seed: $0).order })
        #expect(histories.count > 15)
    }

    @Test func `hours of virtual time pass at once`() throws {
        let timeline = Timeline()
        let executor = SeededExecutor(
            generator: SeededGenerator(seed: 1),
            timeline: timeline,
            trace: Trace()
        )
        let slept = try executor.run {
            do { try await timeline.sleep(for: .seconds(86_400)) } catch { return Duration.zero }
            return timeline.now
        }
        #expect(slept == .seconds(86_400))
    }

    @Test func `a cancelled sleeper wakes at once`() throws {
        let timeline = Timeline()
        let executor = SeededExecutor(
            generator: SeededGenerator(seed: 1),
            timeline: timeline,
            trace: Trace()
        )
        let outcome = try executor.run {
            await withTaskGroup(of: String.self) { group in
                group.addTask {
                    do {
                        try await timeline.sleep(for: .seconds(60))
                        return "slept"
                    } catch {
                        return "cancelled"
                    }
                }
                group.cancelAll()
                return await group.next() ?? "nothing"
            }
        }
        #expect(outcome == "cancelled")
        #expect(timeline.now == .zero)
        #expect(timeline.sleeperCount == 0)
    }

    @Test func `a world in which nothing can happen any more is a deadlock`() {
        let executor = SeededExecutor(
            generator: SeededGenerator(seed: 1),
            timeline: Timeline(),
            trace: Trace()
        )
        #expect(throws: SimulationFault.deadlock) {
            try executor.run {
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            }
        }
    }

    @Test func `a world that never rests is stopped`() {
        let executor = SeededExecutor(
            generator: SeededGenerator(seed: 1),
            timeline: Timeline(),
            trace: Trace(),
            jobsMax: 1000
        )
        #expect(throws: SimulationFault.endless(jobs: 1001)) {
            try executor.run { while true { await Task.yield() } }
        }
    }

    @Test func `an unstructured task is caught when it leaves the simulation`() {
        let executor = SeededExecutor(
            generator: SeededGenerator(seed: 1),
            timeline: Timeline(),
            trace: Trace()
        )
        #expect(throws: SimulationFault.escaped) {
            try executor.run { await Task.detached { 1 }.value }
        }
    }
}
