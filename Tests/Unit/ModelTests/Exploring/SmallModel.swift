// SPDX-License-Identifier: Apache-2.0

/// A protocol of ours made so small that each of its states can be looked at.
///
/// Time, loss, delay and crashes are steps like any other: whatever can happen next is one of `steps`.
protocol SmallModel {
    associatedtype State: Hashable

    /// Where every history begins.
    var initial: State { get }

    /// What is wrong with a state, or nil; the sentence begins with the invariant.
    func violation(in state: State) -> String?

    /// Everything that can happen next in a state.
    func addSteps(from state: State, to steps: inout Steps<State>)

    /// The one state that stands for all those that differ in nothing that matters; by default each for itself.
    func canonical(_ state: State) -> State
}

extension SmallModel {
    func canonical(_ state: State) -> State { state }
}

/// What can happen next, each with the state it leads to.
struct Steps<State: Hashable> {
    private(set) var states: [State] = []
    private(set) var names: [String] = []
    private let isNamed: Bool

    /// Makes an empty list; names are made only where somebody reads them.
    init(isNamed: Bool) { self.isNamed = isNamed }

    mutating func add(_ name: @autoclosure () -> String, _ state: State) {
        states.append(state)
        if isNamed { names.append(name()) }
    }

    mutating func removeAll() {
        states.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
    }
}
