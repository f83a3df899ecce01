// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Testing

@Suite struct `Entries of several regions` {
    // The seeds behind the first thirty each found a mistake that was made on purpose.
    @Test(arguments: Array(1...30) + [36, 92, 819, 903, 913])
    func `mean the same in whatever order they come`(_ seed: Int) throws {
        // I6, history 13: a name is live if its greatest assertion is not older than its greatest
        // delete, and a put asserts everything it names. The model knows nothing else.
        var generator = Dice(state: UInt64(seed))
        let world = Names()
        var writes: [Write] = []
        for number in 0..<24 {
            writes.append(
                Write(milliseconds: 10_000 + UInt64(number) * 10, event: world.event(&generator))
            )
        }
        let expected = Model(world, writes).live()
        for _ in 0..<3 {
            let fixture = try CatalogFixture()
            try world.begin(fixture)
            for write in generator.mixed(writes) {
                try fixture.append([write.event(in: fixture)], at: write.milliseconds)
            }
            let found = try world.live(in: fixture)
            #expect(found == expected, "seed \(seed)")
            let before = try fixture.dump()
            try fixture.catalog.rebuild { _, _ in }
            #expect(try fixture.dump() == before)
        }
    }
}

/// Two indexes over three manifests over three blobs, one level above the other, and two tags.
private struct Names {
    /// What each manifest names.
    let named: [String: [String]] = [
        "m1": ["b1", "b2"], "m2": ["b2", "b3"], "m3": ["b3"], "i1": ["m1", "m2"],
        "i2": ["i1", "m3"],
    ]
    let blobs = ["b1", "b2", "b3"]
    let manifests = ["m1", "m2", "m3", "i1", "i2"]
    let tags = ["t1", "t2"]

    /// Everything there once, so that each region knows what the others speak of.
    func begin(_ fixture: CatalogFixture) throws {
        try fixture.append([.namespaceCreated(fixture.namespace, name: "team")], at: 1)
        for blob in blobs {
            try fixture.append(
                [.blobLinked(fixture.key(), fixture.digest(blob), size: 10, .first)],
                at: 2
            )
        }
        for manifest in manifests {
            try fixture.append([put(manifest, fixture)], at: 3)
        }
    }

    func put(_ manifest: String, _ fixture: CatalogFixture) -> Event {
        let references = (named[manifest] ?? []).map { name in
            ManifestReference(
                role: blobs.contains(name) ? .layer : .child,
                digest: fixture.digest(name)
            )
        }
        var facts = fixture.manifest(manifest, blob: fixture.digest("b1"))
        facts.references = references
        return .manifestPut(fixture.key(), facts)
    }

    func event(_ generator: inout Dice) -> Write.Kind {
        switch generator.below(8) {
        case 0: .link(pick(blobs, &generator))
        case 1: .unlink(pick(blobs, &generator))
        case 2: .put(pick(manifests, &generator))
        case 3, 4: .delete(pick(manifests, &generator))
        case 5, 6: .tag(pick(tags, &generator), pick(manifests, &generator))
        default: .untag(pick(tags, &generator))
        }
    }

    private func pick(_ names: [String], _ generator: inout Dice) -> String {
        names[generator.below(names.count)]
    }

    /// The names that the catalog says are live; a tag with what it is.
    func live(in fixture: CatalogFixture) throws -> [String] {
        try fixture.read { view, row throws(CatalogError) in
            var live: [String] = []
            for blob in blobs where try view.link(row, fixture.digest(blob)) != nil {
                live.append(blob)
            }
            for manifest in manifests {
                guard let found = try view.manifest(row, fixture.digest(manifest)) else { continue }
                live.append(manifest)
                let references = found.facts.references.map(\.digest)
                if references != named[manifest]?.map(fixture.digest) { live.append("torn") }
            }
            for tag in tags.compactMap({ Tag($0) }) {
                guard let digest = try view.tag(row, tag) else { continue }
                let name = manifests.first { fixture.digest($0) == digest }
                live.append("\(tag)=\(name ?? "?")")
            }
            let counts = try view.repository(fixture.key())
            live.append("\(counts?.manifests ?? 0) manifests, \(counts?.tags ?? 0) tags")
            return live
        } ?? []
    }
}

private struct Write {
    enum Kind {
        case link(String), unlink(String), put(String), delete(String)
        case tag(String, String), untag(String)
    }

    let milliseconds: UInt64
    let kind: Kind

    init(milliseconds: UInt64, event: Kind) {
        self.milliseconds = milliseconds
        kind = event
    }

    func event(in fixture: CatalogFixture) throws -> Event {
        let key = fixture.key()
        switch kind {
        case .link(let blob):
            return .blobLinked(key, fixture.digest(blob), size: 10, .first)
        case .unlink(let blob): return .blobUnlinked(key, fixture.digest(blob))
        case .put(let manifest): return Names().put(manifest, fixture)
        case .delete(let manifest): return .manifestDeleted(key, fixture.digest(manifest))
        case .tag(let tag, let manifest):
            return .tagPut(key, try #require(Tag(tag)), fixture.digest(manifest))
        case .untag(let tag): return .tagDeleted(key, try #require(Tag(tag)))
        }
    }
}

/// The rule, said once more without tables.
private struct Model {
    private let world: Names
    private var asserted: [String: UInt64] = [:]
    private var deleted: [String: UInt64] = [:]
    private var tagged: [String: (UInt64, String)] = [:]

    init(_ world: Names, _ writes: [Write]) {
        self.world = world
        for name in world.blobs { asserted[name] = 2 }
        for name in world.manifests { assert(name, 3) }
        for write in writes {
            let stamp = write.milliseconds
            switch write.kind {
            case .link(let name), .put(let name): assert(name, stamp)
            case .unlink(let name), .delete(let name), .untag(let name):
                deleted[name] = max(deleted[name] ?? 0, stamp)
            case .tag(let tag, let name):
                assert(name, stamp)
                if stamp > tagged[tag]?.0 ?? 0 { tagged[tag] = (stamp, name) }
            }
        }
    }

    private mutating func assert(_ name: String, _ stamp: UInt64) {
        asserted[name] = max(asserted[name] ?? 0, stamp)
        for named in world.named[name] ?? [] { assert(named, stamp) }
    }

    func live() -> [String] {
        let content = (world.blobs + world.manifests).filter { name in
            (asserted[name] ?? 0) >= deleted[name] ?? 0
        }
        let tags = world.tags.compactMap { tag in
            tagged[tag].flatMap { $0.0 >= deleted[tag] ?? 0 ? "\(tag)=\($0.1)" : nil }
        }
        let manifests = content.filter(world.manifests.contains).count
        return content + tags + ["\(manifests) manifests, \(tags.count) tags"]
    }
}

/// A small generator that gives the same numbers for the same seed.
struct Dice {
    var state: UInt64

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    mutating func mixed<Item>(_ items: [Item]) -> [Item] {
        var items = items
        for index in items.indices.dropFirst() { items.swapAt(index, below(index + 1)) }
        return items
    }
}
