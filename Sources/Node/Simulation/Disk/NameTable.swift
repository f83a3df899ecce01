// SPDX-License-Identifier: Apache-2.0

/// Which names lead where: as programs see it, and as the platter may have it.
///
/// Every creation, removal and rename stays undoable, each for itself, until its directory was synced;
/// for a rename, that is the one the file moved into. A rename is done or undone as one: journaling
/// file systems promise that much.
struct NameTable {
    /// The root directory's number.
    static let root = 0

    /// One name set or removed.
    struct Edit {
        var directory: Int
        var name: String
        /// Where the name leads from now on; nil when it is removed.
        var node: Int?
        /// A removal takes away this node only: the name may have been given again since.
        var removes: Int?
    }

    private struct Change {
        var order: UInt64
        var edits: [Edit]
        /// The directory whose sync makes it durable.
        var directory: Int
    }

    /// What the platter has under a name, and which change put it there.
    private struct Slot {
        var node: Int?
        var order: UInt64
    }

    private(set) var entries: [Int: [String: Int]] = [root: [:]]
    private var durable: [Int: [String: Slot]] = [root: [:]]
    private var changes: [Change] = []

    /// The directories there are.
    func isDirectory(_ node: Int) -> Bool { entries[node] != nil }

    /// Makes the node `directory` an empty directory.
    mutating func addDirectory(_ directory: Int) {
        entries[directory] = [:]
        durable[directory] = [:]
    }

    /// Forgets a removed directory's entries.
    mutating func dropDirectory(_ directory: Int) {
        entries[directory] = nil
    }

    /// Does all of `edits` as one change, which the sync of the last one's directory makes durable.
    mutating func change(_ edits: [Edit], order: UInt64) {
        for edit in edits { entries[edit.directory]?[edit.name] = edit.node }
        guard let directory = edits.last?.directory else { return }
        changes.append(Change(order: order, edits: edits, directory: directory))
    }

    /// Makes durable what waited for this directory.
    mutating func sync(_ directory: Int) {
        for change in changes where change.directory == directory { apply(change) }
        changes.removeAll { $0.directory == directory }
    }

    /// Turns the names into what a power cut left of them.
    mutating func settle(_ fate: CrashFate, _ generator: inout SeededGenerator) {
        for change in changes where fate == .seeded && generator.chance(1, in: 2) {
            apply(change)
        }
        changes = []
        entries = durable.mapValues { $0.compactMapValues(\.node) }
        let reachable = reachableNodes()
        entries = entries.filter { reachable.contains($0.key) }
        durable = entries.mapValues { $0.mapValues { Slot(node: $0, order: 0) } }
    }

    /// The node that the platter certainly has under each name of `directory`.
    func durableEntries(of directory: Int) -> [String: Int] {
        durable[directory]?.compactMapValues(\.node) ?? [:]
    }

    /// The node that the platter certainly has under one of its names.
    func durableEntry(_ name: String, of directory: Int) -> Int? {
        durable[directory]?[name]?.node
    }

    /// How many names lead to each node.
    func linkCounts() -> [Int: Int] {
        entries.values.reduce(into: [:]) { counts, names in
            for node in names.values { counts[node, default: 0] += 1 }
        }
    }

    /// Every node a name leads to, the root included.
    func reachableNodes() -> Set<Int> {
        var reached: Set<Int> = [NameTable.root]
        var waiting = [NameTable.root]
        while let directory = waiting.popLast() {
            for node in (entries[directory] ?? [:]).values where reached.insert(node).inserted {
                if isDirectory(node) { waiting.append(node) }
            }
        }
        return reached
    }

    /// Applies a change to the platter, but not over a later change that is already there.
    private mutating func apply(_ change: Change) {
        for edit in change.edits {
            let slot = durable[edit.directory]?[edit.name]
            if let slot, slot.order > change.order { continue }
            if edit.node == nil, let node = slot?.node, node != edit.removes { continue }
            durable[edit.directory]?[edit.name] = Slot(node: edit.node, order: change.order)
        }
    }
}
