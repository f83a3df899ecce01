// SPDX-License-Identifier: Apache-2.0

/// What the clients of one seed do more often than others do, and where they meet.
///
/// Clients that do everything everywhere seldom meet at one tag, and names that all repositories share
/// never end: other habits reach other states.
public struct Habits: Sendable {
    /// How many times as often each operation is done.
    private let factors: [Int]
    /// How many repositories, tags and things of other kinds most of it is about.
    private let repositories: Int
    private let tags: Int
    private let things: Int

    /// Draws the habits of a seed.
    init(_ generator: inout SeededGenerator) {
        factors = Operation.allCases.map { _ in generator.pick([1, 1, 1, 2, 5]) }
        repositories = generator.pick([1, 2, 4])
        tags = generator.pick([1, 2, 4])
        things = generator.pick([2, 5, 100])
    }

    /// Draws what is done next.
    func operation(_ generator: inout SeededGenerator) -> Operation {
        generator.pick(
            weighted: zip(Operation.allCases, factors).map { ($0, weight: $0.weight * $1) }
        )
    }

    func repository<Value>(_ all: [Value], _ generator: inout SeededGenerator) -> Value {
        pick(all, favourites: repositories, &generator)
    }

    func tag<Value>(_ all: [Value], _ generator: inout SeededGenerator) -> Value {
        pick(all, favourites: tags, &generator)
    }

    /// A blob or a manifest.
    func thing<Value>(_ all: [Value], _ generator: inout SeededGenerator) -> Value {
        pick(all, favourites: things, &generator)
    }

    private func pick<Value>(
        _ all: [Value],
        favourites: Int,
        _ generator: inout SeededGenerator
    ) -> Value {
        let isFavourite = generator.chance(3, in: 4)
        return generator.pick(isFavourite ? Array(all.prefix(favourites)) : all)
    }
}
