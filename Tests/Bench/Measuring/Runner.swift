// SPDX-License-Identifier: Apache-2.0

/// Runs figures: so many rounds, in each of which every side is measured after the other.
final class Runner {
    let rounds: Int
    private let only: Set<String>
    private(set) var measured: [Measured] = []
    /// Told of every value.
    private let tell: (String) -> Void

    init(rounds: Int, only: Set<String>, tell: @escaping (String) -> Void) {
        self.rounds = rounds
        self.only = only
        self.tell = tell
    }

    /// Whether any of these is asked for; what they need is set up only then.
    func wants(_ names: String...) -> Bool {
        only.isEmpty || names.contains { only.contains($0) }
    }

    /// Measures a figure, if it is asked for.
    func measure(_ figure: Figure) throws {
        guard wants(figure.name) else { return }
        var series: [String: Series] = [:]
        for round in 0..<rounds {
            // Who is first changes, so that nobody always comes after the same other.
            let sides = round % 2 == 0 ? figure.sides : figure.sides.reversed()
            for side in sides {
                let value = try side.sample()
                series[side.name, default: Series()].add(value)
                let note = round == 0 ? " (dropped)" : ""
                tell("\(figure.name) \(round + 1): \(side.name) \(figure.unit.text(value))\(note)")
            }
        }
        measured.append(Measured(figure: figure, series: series))
    }
}
