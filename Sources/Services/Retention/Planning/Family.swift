// SPDX-License-Identifier: Apache-2.0

import OCI

/// Which manifests of a repository come and go with which others.
///
/// A manifest *follows* each index that names it, the subject it names, and the manifest whose name a
/// tag of it spells (cosign's signatures, the fallback list of referrers). Followers may follow several,
/// so a child of two indexes is one manifest here too.
struct Family {
    /// In order of digest.
    let stocks: [Stock]
    /// By the place of the leader.
    private(set) var followers: [[Int]]
    /// By the place of the follower.
    private(set) var leaders: [[Int]]
    /// The tags that somebody chose, without those that spell another manifest's name.
    private(set) var ownTags: [[Tag]]
    /// The tags that spell a manifest's name, by its place, with the place of what they point to.
    private(set) var companions: [[(tag: Tag, at: Int)]]

    init(_ unordered: [Stock]) {
        let stocks = unordered.sorted { $0.digest < $1.digest }
        self.stocks = stocks
        followers = Array(repeating: [], count: stocks.count)
        leaders = followers
        companions = Array(repeating: [], count: stocks.count)
        ownTags = stocks.map(\.tags)
        var places: [Digest: Int] = [:]
        var holders: [Tag: Int] = [:]
        for (place, stock) in stocks.enumerated() {
            places[stock.digest] = place
            for tag in stock.tags where Family.canBeCompanion(tag) { holders[tag] = place }
        }
        for (place, stock) in stocks.enumerated() {
            for child in stock.children.compactMap({ places[$0] }) { lead(child, by: place) }
            if let subject = stock.subject.flatMap({ places[$0] }) { lead(place, by: subject) }
            guard !holders.isEmpty else { continue }
            for tag in stock.digest.companionTags {
                guard let holder = holders[tag] else { continue }
                companions[place].append((tag, holder))
                ownTags[holder].removeAll { $0 == tag }
                lead(holder, by: place)
            }
        }
    }

    private static func canBeCompanion(_ tag: Tag) -> Bool {
        Digest.Algorithm.allCases.contains { tag.description.hasPrefix("\($0.name)-") }
    }

    private mutating func lead(_ follower: Int, by leader: Int) {
        guard follower != leader else { return }
        followers[leader].append(follower)
        leaders[follower].append(leader)
    }

    /// Those of `living` that follow none of them: the images.
    ///
    /// Manifests can follow each other in a circle (an index about its own child): one of it stands for
    /// the image then, with a tag if one has any.
    func tops(of living: [Bool]) -> [Int] {
        var tops = stocks.indices.filter { place in
            living[place] && !leaders[place].contains { living[$0] }
        }
        var reached = living.map { !$0 }
        for top in tops { walk(from: top, marking: &reached) { _ in } }
        guard reached.contains(false) else { return tops }
        // Whoever is done last, of those that are left, is on a circle that nothing outside leads.
        for last in orderOfEnds(but: reached).reversed() where !reached[last] {
            var circle: [Int] = []
            var outside = reached
            follow(leaders, from: last, marking: &outside) { circle.append($0) }
            walk(from: last, marking: &reached) { _ in }
            let top = circle.min {
                (ownTags[$0].isEmpty ? 1 : 0, $0) < (ownTags[$1].isEmpty ? 1 : 0, $1)
            }
            tops.append(top ?? last)
        }
        return tops.sorted()
    }

    /// The places that are not marked, each after the followers that a search in depth found from it.
    private func orderOfEnds(but marked: [Bool]) -> [Int] {
        var marked = marked
        var ends: [Int] = []
        for start in stocks.indices where !marked[start] {
            marked[start] = true
            var path = [(place: start, next: 0)]
            while let (place, next) = path.last {
                guard next < followers[place].count else {
                    ends.append(path.removeLast().place)
                    continue
                }
                path[path.count - 1].next += 1
                let follower = followers[place][next]
                guard !marked[follower] else { continue }
                marked[follower] = true
                path.append((follower, 0))
            }
        }
        return ends
    }

    /// Visits a place and everything that follows it, but what is marked, and marks it.
    func walk(from place: Int, marking marked: inout [Bool], _ visit: (Int) -> Void) {
        follow(followers, from: place, marking: &marked, visit)
    }

    /// The latest of what each one and all its followers have.
    func latest<Value: Comparable>(_ own: (Stock) -> Value?) -> [Value?] {
        let values = stocks.map(own)
        var latest: [Value?] = Array(repeating: nil, count: stocks.count)
        var marked = Array(repeating: false, count: stocks.count)
        let falling = stocks.indices.compactMap { place in values[place].map { (place, $0) } }
            .sorted { $0.1 > $1.1 }
        for (place, value) in falling {
            follow(leaders, from: place, marking: &marked) { latest[$0] = value }
        }
        return latest
    }

    private func follow(
        _ edges: [[Int]],
        from start: Int,
        marking marked: inout [Bool],
        _ visit: (Int) -> Void
    ) {
        guard !marked[start] else { return }
        marked[start] = true
        var pending = [start]
        while let place = pending.popLast() {
            visit(place)
            for next in edges[place] where !marked[next] {
                marked[next] = true
                pending.append(next)
            }
        }
    }
}

extension Family {
    /// The same places, each after those of them that name it as a child.
    ///
    /// No digest can name itself by way of others, so there is always a first one.
    func namersFirst(_ places: [Int]) -> [Int] {
        let all = Set(places)
        var waits: [Int: Int] = [:]
        var children: [Int: [Int]] = [:]
        for place in places {
            let named = Set(stocks[place].children)
            let own = Set(followers[place]).filter {
                all.contains($0) && named.contains(stocks[$0].digest)
            }
            children[place] = own.sorted()
            for child in own { waits[child, default: 0] += 1 }
        }
        var ready = places.filter { waits[$0] == nil }
        var next = 0
        while next < ready.count {
            for child in children[ready[next]] ?? [] {
                waits[child, default: 0] -= 1
                if waits[child] == 0 { ready.append(child) }
            }
            next += 1
        }
        return ready
    }
}
