// SPDX-License-Identifier: Apache-2.0

import Testing

/// Two buckets, and a well: the oldest puzzle that a search solves.
private struct Buckets: SmallModel {
    struct State: Hashable {
        var large = 0
        var small = 0
    }

    var largeMax = 5
    var smallMax = 3
    var unwanted: Int?

    var initial: State { State() }

    func violation(in state: State) -> String? {
        state.large == unwanted ? "\(state.large) in the large one" : nil
    }

    func addSteps(from state: State, to steps: inout Steps<State>) {
        steps.add("fill large", State(large: largeMax, small: state.small))
        steps.add("fill small", State(large: state.large, small: smallMax))
        steps.add("empty large", State(large: 0, small: state.small))
        steps.add("empty small", State(large: state.large, small: 0))
        let right = min(state.large, smallMax - state.small)
        steps.add("pour right", State(large: state.large - right, small: state.small + right))
        let left = min(state.small, largeMax - state.large)
        steps.add("pour left", State(large: state.large + left, small: state.small - left))
    }
}

@Suite struct `Looking at every state` {
    @Test func `meets each state once, and ends`() throws {
        let exploration = try Exploration(of: Buckets())
        #expect(exploration.holds)
        #expect(exploration.states == 16)
        #expect("\(exploration)" == "holds in each of 16 states")
    }

    @Test func `tells the shortest history that ends badly`() throws {
        let exploration = try Exploration(of: Buckets(unwanted: 4))
        #expect(!exploration.holds)
        #expect(
            exploration.told == """
                4 in the large one
                  1. fill large
                  2. pour right
                  3. empty small
                  4. pour right
                  5. fill large
                  6. pour right
                """
        )
    }

    @Test func `finds at once what is wrong from the beginning`() throws {
        let exploration = try Exploration(of: Buckets(unwanted: 0))
        #expect(exploration.counterexample?.history == [])
    }

    @Test func `has no result where there are more states than it may meet`() {
        #expect(throws: Exploration.Failure.tooManyStates(15)) {
            try Exploration(of: Buckets(), statesMax: 15)
        }
    }
}
