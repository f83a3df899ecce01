// SPDX-License-Identifier: Apache-2.0

import OCI

extension Client {
    /// How often somebody looks while a change is under way.
    private static let looksMax = 8

    /// Sends a change of several tags at once, and has somebody look at them meanwhile if it
    /// `isWatched`: only who looks just then could see a half of it.
    mutating func send(
        _ request: WireRequest,
        _ effects: [Effect],
        to repository: RepositoryName,
        isWatched: Bool
    ) async -> Answered? {
        guard isWatched else { return await persistently(request, effects) }
        findings.count("change watched")
        var watcher = self
        watcher.generator = SeededGenerator(seed: generator.next())
        let isOver = Flag()
        async let watching: Void = watcher.watched(repository, until: isOver)
        let answered = await persistently(request, effects)
        isOver.raise()
        await watching
        return answered
    }

    /// Looks at lists and tags of a repository until told that it is enough.
    private func watched(_ repository: RepositoryName, until isOver: Flag) async {
        var watcher = self
        for _ in 0..<Client.looksMax where !isOver.isRaised {
            if watcher.generator.chance(1, in: 2) {
                await watcher.listTags(repository)
            } else {
                let tag = watcher.generator.pick(content.tags)
                await watcher.pull(tag, in: repository, byHead: true)
            }
        }
    }
}
