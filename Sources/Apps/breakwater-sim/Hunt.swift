// SPDX-License-Identifier: Apache-2.0

import Simulation
import Synchronization

/// Runs every known mistake until its first seed is found, or, if `isWhole`, all seeds with each.
///
/// The workload is the general one: nothing in it knows which mistake is made.
struct Hunt {
    let arguments: Arguments

    /// Prints a row of a table for each; says whether every one was found.
    func run() async -> Bool {
        print("| mistake | seeds to find | found by |\(arguments.isWhole ? " found in |" : "")")
        print("|---|---|---|\(arguments.isWhole ? "---|" : "")")
        var isComplete = true
        for mistake in Mistake.possible {
            let found = await hunt(mistake)
            if found.finds.isEmpty { isComplete = false }
            print(row(mistake, found))
        }
        return isComplete
    }

    private func row(_ mistake: Mistake, _ found: Found) -> String {
        guard let first = found.first else {
            return "| `\(mistake.rawValue)` | NOT FOUND in \(found.seedsRun) | |"
        }
        let row =
            "| `\(mistake.rawValue)` | \(first.seed - arguments.from + 1) "
            + "| \(first.invariant.rawValue) |"
        return arguments.isWhole ? "\(row) \(found.finds.count) of \(found.seedsRun) |" : row
    }

    private func hunt(_ mistake: Mistake) async -> Found {
        let chase = Chase(mistake, arguments)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<arguments.jobs { group.addTask { chase.work() } }
        }
        return chase.found
    }
}

/// What was found of one mistake.
private struct Found {
    var next: UInt64
    var seedsRun = 0
    /// Each seed that found it, with the promise that was broken first.
    var finds: [(seed: UInt64, invariant: Invariant)] = []

    var first: (seed: UInt64, invariant: Invariant)? { finds.min { $0.seed < $1.seed } }
}

/// The seeds that are run with one mistake, a few at a time.
private final class Chase: Sendable {
    private let mistake: Mistake
    private let arguments: Arguments
    private let state: Mutex<Found>

    init(_ mistake: Mistake, _ arguments: Arguments) {
        self.mistake = mistake
        self.arguments = arguments
        state = Mutex(Found(next: arguments.from))
    }

    var found: Found { state.withLock { $0 } }

    /// Runs one seed after the other; blocks this thread, of which there is one for each job.
    func work() {
        while let seed = state.withLock({ take(&$0) }) {
            let report = Simulation(Scenario.sabotage(mistake).options(seed: seed)).run()
            let violation = report.violations.first.flatMap { isSound(seed) ? $0 : nil }
            state.withLock { found in
                found.seedsRun += 1
                if let violation { found.finds.append((seed, violation.invariant)) }
            }
        }
    }

    /// Whether a seed fails only with the mistake; one that fails without it has found something else.
    private func isSound(_ seed: UInt64) -> Bool {
        Simulation(Scenario.general.options(seed: seed)).run().violations.isEmpty
    }

    private func take(_ found: inout Found) -> UInt64? {
        guard found.next - arguments.from < arguments.seeds else { return nil }
        guard arguments.isWhole || found.finds.isEmpty else { return nil }
        defer { found.next += 1 }
        return found.next
    }
}
