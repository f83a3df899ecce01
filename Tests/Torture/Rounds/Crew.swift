// SPDX-License-Identifier: Apache-2.0

import HTTP
import Platform
import Synchronization

/// The workers of a run, their ledgers, and what was found wrong.
final class Crew: Sendable {
    static let workersCount = 8
    /// Those of them whose namespaces have policies.
    static let retainedCount = 2
    private static let changesWait = Duration.seconds(300)

    /// On threads of their own: a request blocks its thread until it is answered.
    private let pool = BlockingPool(threadsMax: Crew.workersCount + 3)
    private let state: Mutex<State>

    private struct State {
        var chance: Chance
        var histories: [History] = []
        /// Those that are worked on.
        var current: [History] = []
        var complaints: [String] = []
        /// Rounds of the scrub that came to their end.
        var scrubs = 0
    }

    init(seed: UInt64) {
        state = Mutex(State(chance: Chance(seed: seed)))
    }

    /// A random pause.
    func pause(_ milliseconds: ClosedRange<Int>) -> Duration {
        .milliseconds(state.withLock { $0.chance.within(milliseconds) })
    }

    /// True once in so many.
    func isOne(of count: Int) -> Bool { state.withLock { $0.chance.below(count) == 0 } }

    /// Gives every worker a new repository.
    func beginEra(_ number: Int) {
        state.withLock { state in
            state.current = (0..<Crew.workersCount).map { worker in
                guard worker < Crew.retainedCount else {
                    return History(repository: "w\(worker)/era\(number)")
                }
                // Each with a namespace of its own, which nobody runs retention on in later eras.
                let namespace = "w\(worker)-\(number)"
                return History(repository: "\(namespace)/era", retainedNamespace: namespace)
            }
            state.histories += state.current
        }
    }

    var current: [History] { state.withLock { $0.current } }
    var histories: [History] { state.withLock { $0.histories } }
    var complaints: [String] { state.withLock { $0.complaints } }
    /// What the server acknowledged, in words.
    var acknowledged: String {
        let counts = histories.map(\.counts)
        let changes = counts.reduce(0) { $0 + $1.changes }
        let deletions = counts.reduce(0) { $0 + $1.deletions }
        let resumed = counts.reduce(0) { $0 + $1.resumptions }
        let restored = counts.reduce(0) { $0 + $1.restorations }
        let runs = counts.reduce(0) { $0 + $1.runs }
        let retired = counts.reduce(0) { $0 + $1.retired }
        let scrubs = state.withLock(\.scrubs)
        return
            "\(changes) changes acknowledged, \(deletions) of them deletions, \(restored) restored from the "
            + "trash, \(resumed) resumed uploads, \(runs) runs of retention, which took \(retired) manifests; "
            + "\(scrubs) rounds of the scrub"
    }

    /// Waits until so many changes of this era are acknowledged, or something is wrong.
    func waitForChanges(_ count: Int) async throws {
        let clocks = LinuxClocks()
        let end = clocks.monotonic() + Crew.changesWait
        while current.reduce(0, { $0 + $1.counts.changes }) < count {
            try Interruption.check()
            guard complaints.isEmpty else { return }
            guard clocks.monotonic() < end else {
                throw Failure("fewer than \(count) changes in \(Crew.changesWait)")
            }
            try await clocks.sleep(for: .milliseconds(1))
        }
    }

    func complain(_ sentences: [String]) {
        state.withLock { $0.complaints += sentences }
    }

    /// Lets everybody work while `body` runs.
    func work(on registry: Registry, while body: () async throws -> Void) async throws {
        let whistle = Whistle()
        let workers = current.map { history in
            let seed = state.withLock { $0.chance.next() }
            return Worker(history: history, registry: registry, chance: Chance(seed: seed))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers {
                group.addTask(executorPreference: pool) {
                    var worker = worker
                    if case .wrong(let sentence) = await worker.work(until: whistle) {
                        self.complain([sentence])
                    }
                }
            }
            group.addTask(executorPreference: pool) {
                await self.scrub(on: registry, until: whistle)
            }
            do {
                try await body()
            } catch {
                whistle.blow()
                throw error
            }
            whistle.blow()
            try await group.waitForAll()
        }
    }

    /// Lets the scrub read everything again and again: nothing that was ever acknowledged is damaged.
    private func scrub(on registry: Registry, until whistle: Whistle) async {
        do throws(TransportError) {
            while !whistle.isBlown { try await scrubOnce(on: registry) }
        } catch {
            // The server is gone, which a worker meets too.
        }
    }

    /// Lets the scrub read everything once.
    func scrubOnce(on registry: Registry) async throws(TransportError) {
        if let damage = try await registry.damageFoundByScrub() {
            complain(["the scrub found damage: \(damage.prefix(2_000))"])
        } else {
            state.withLock { $0.scrubs += 1 }
        }
    }

    /// Complains of what the sweep leaves although nothing names it.
    func requireSwept(on registry: Registry) async throws(TransportError) {
        guard let left = try await registry.leftAfterSweeps() else { return }
        complain(["the sweep left what nothing names: \(left.prefix(2_000))"])
    }

    /// Asks everything back that the trash should have.
    func bringBack(from registry: Registry) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for history in histories {
                group.addTask(executorPreference: pool) {
                    var worker = Worker(
                        history: history,
                        registry: registry,
                        chance: Chance(seed: 0)
                    )
                    switch await worker.bringBack() {
                    case .none, .told: break
                    case .unanswered: throw Failure("the server does not answer")
                    case .wrong(let sentence): self.complain([sentence])
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Pushes something new to a server, which must take it.
    func tryWriting(to registry: Registry) async {
        let seed = state.withLock { $0.chance.next() }
        let trial = History(repository: "trial/of-a-start")
        var worker = Worker(history: trial, registry: registry, chance: Chance(seed: seed))
        switch await worker.workOnce() {
        case .told: break
        case .unanswered: complain(["the server does not answer a push after its start"])
        case .wrong(let sentence): complain([sentence])
        }
    }

    /// Comes back to every open upload at a server that rose from a copy.
    func tryUploads(at registry: Registry) async throws {
        for history in histories {
            guard let upload = history.upload else { continue }
            let worker = Worker(history: history, registry: registry, chance: Chance(seed: 0))
            if let sentence = try await worker.resumeAfterCut(upload) { complain([sentence]) }
        }
    }

    /// Compares these repositories with their ledgers, all at once.
    func audit(_ histories: [History], on registry: Registry, settling: Settling) async throws {
        let audit = Audit(registry: registry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for history in histories {
                group.addTask(executorPreference: pool) {
                    let verdict = try await audit.verdict(on: history)
                    self.complain(verdict.complaints)
                    if settling == .found { history.settle(verdict.found) }
                }
            }
            try await group.waitForAll()
        }
    }

    /// What a ledger does after an audit.
    enum Settling {
        /// What was found is what is: the server that was asked goes on.
        case found
        /// Nothing: a copy was asked.
        case nothing
    }
}

/// Tells the workers that it is over.
final class Whistle: Sendable {
    private let blown = Atomic(false)
    var isBlown: Bool { blown.load(ordering: .relaxed) }
    func blow() { blown.store(true, ordering: .relaxed) }
}
