// SPDX-License-Identifier: Apache-2.0

import Simulation

/// What the command line asks for.
struct Arguments: Sendable {
    static let usage = """
        usage: breakwater-sim [--seeds N] [--from SEED] [--scenario NAME] [--operations N]
                              [--minutes M] [--only PARTS] [--crash-at MOMENT] [--jobs N] [--summary] [--trace]
               breakwater-sim --sabotage [--seeds N] [--from SEED] [--jobs N] [--whole]
        --minutes M   goes on with the seeds that follow until M minutes are over
        --crash-at MOMENT  the one crash of an exhaustive scenario, instead of each in turn
        --only PARTS  plays only these parts of a seed, as a failure names them
        scenarios: \(Scenario.all.map(\.name).joined(separator: ", "))
        """
    /// The most simulations at the same time.
    private static let jobsMax = 64

    var seeds: UInt64 = 100
    var from: UInt64 = 0
    var scenario = Scenario.general
    var operations: Int?
    /// How long to go on; nil for a number of seeds.
    var minutes: Int?
    /// The one crash of a story of an exhaustive scenario; nil for each in turn.
    var crashPoint: CrashPoint?
    /// The parts of a story that are played; nil for all.
    var only: Set<Part>?
    var jobs = 2
    /// Whether what happened in the runs is printed at the end.
    var printsSummary = false
    /// Whether a failed seed's whole trace is printed, not only its end.
    var printsTrace = false

    /// Whether known mistakes are looked for instead, each of which must be found.
    var isHunt = false
    /// Whether the hunt goes on after the first seed that finds a mistake.
    var isWhole = false

    init?(_ words: [String]) {
        var words = words[...]
        while let word = words.popFirst() {
            switch word {
            case "--summary": printsSummary = true
            case "--trace": printsTrace = true
            case "--sabotage": isHunt = true
            case "--whole": isWhole = true
            default:
                guard let value = words.popFirst(), take(word, value) else { return nil }
            }
        }
        guard seeds > 0, (1...Arguments.jobsMax).contains(jobs) else { return nil }
    }

    private mutating func take(_ option: String, _ value: String) -> Bool {
        switch option {
        case "--seeds":
            guard let number = UInt64(value) else { return false }
            seeds = number
        case "--from":
            guard let number = UInt64(value) else { return false }
            from = number
        case "--minutes":
            guard let number = Int(value), number > 0 else { return false }
            minutes = number
            seeds = .max
        case "--only":
            let parts = value.split(separator: ",").map { Part(String($0)) }
            guard !parts.contains(nil) else { return false }
            only = Set(parts.compactMap { $0 })
        case "--crash-at":
            guard let point = CrashPoint(value) else { return false }
            crashPoint = point
        case "--operations":
            guard let number = Int(value), number > 0 else { return false }
            operations = number
        case "--jobs":
            guard let number = Int(value) else { return false }
            jobs = number
        case "--scenario":
            guard let named = Scenario(name: value) else { return false }
            scenario = named
        default: return false
        }
        return true
    }
}
