// SPDX-License-Identifier: Apache-2.0

/// What looking at every state of a small model has shown.
struct Exploration: CustomStringConvertible {
    /// More states than this are a model that is not small; the exploration ends without a result.
    static let statesMax = 20_000_000

    struct Counterexample {
        /// What is wrong at its end.
        var violation: String
        /// The steps that lead there: no history is shorter.
        var history: [String]
    }

    enum Failure: Error, Equatable {
        case tooManyStates(Int)
    }

    /// How many different states were met.
    var states: Int
    /// The shortest history that ends badly, if one does.
    var counterexample: Counterexample?

    /// Whether every state was looked at and nothing is wrong with any.
    var holds: Bool { counterexample == nil }

    var description: String {
        holds ? "holds in each of \(states) states" : "\(told)\n  found in \(states) states"
    }

    /// What is wrong and how it came about, a step a line; empty where nothing is.
    var told: String {
        guard let counterexample else { return "" }
        let steps = counterexample.history.enumerated().map { "  \($0 + 1). \($1)" }
        return ([counterexample.violation] + steps).joined(separator: "\n")
    }

    /// Looks at every state that can be reached, nearest first, until one is bad or none is left.
    init(of model: some SmallModel, statesMax: Int = Self.statesMax) throws(Failure) {
        var search = Search(model)
        try search.run(statesMax: statesMax)
        states = search.found.count
        counterexample = search.counterexample
    }
}

/// A breadth-first search that remembers where it came from.
private struct Search<Model: SmallModel> {
    let model: Model
    /// Every state met, in the order in which they were met: those not yet followed are a suffix.
    var found: [Model.State]
    var counterexample: Exploration.Counterexample?
    private var seen: Set<Model.State>
    /// For each state found, the place of the one it was first reached from.
    private var origins: [Int32] = [0]

    init(_ model: Model) {
        self.model = model
        found = [model.canonical(model.initial)]
        seen = Set(found)
    }

    mutating func run(statesMax: Int) throws(Exploration.Failure) {
        var steps = Steps<Model.State>(isNamed: false)
        var place = 0
        while place < found.count {
            let state = found[place]
            if let violation = model.violation(in: state) {
                counterexample = .init(violation: violation, history: history(to: place))
                return
            }
            steps.removeAll()
            model.addSteps(from: state, to: &steps)
            for step in steps.states {
                let next = model.canonical(step)
                guard seen.insert(next).inserted else { continue }
                guard found.count < statesMax else { throw .tooManyStates(statesMax) }
                found.append(next)
                origins.append(Int32(place))
            }
            place += 1
        }
    }

    /// The names of the steps to a state, made by taking them once more.
    private func history(to end: Int) -> [String] {
        var names: [String] = []
        var place = end
        while place > 0 {
            let origin = Int(origins[place])
            var steps = Steps<Model.State>(isNamed: true)
            model.addSteps(from: found[origin], to: &steps)
            let taken = steps.states.firstIndex { model.canonical($0) == found[place] }
            guard let taken else { preconditionFailure("a state was reached by no step") }
            names.append(steps.names[taken])
            place = origin
        }
        return names.reversed()
    }
}
