// SPDX-License-Identifier: Apache-2.0

/// Sweep for one digest: epochs, generations, receipts, and holders that are anywhere in the journal.
///
/// The journal is totally ordered and decided at its head. Receipts and deletes may be delayed for ever.
/// A holder's catalog may lag, restart or roll back at any moment, so each of its steps is taken at any
/// position; that the holder stands nowhere in particular makes the model small and leaves out nothing.
struct SweepModel: SmallModel {
    enum Mistake {
        /// Copies are deleted whatever their generation, if there is no row.
        case deletesYoung
        /// Receipts of any one generation name a digest.
        case takesAnyGeneration
        /// What an entry removed is deleted once it is old, whether or not a row has come back since.
        case replaysDeletes
    }

    /// Zones that hold content.
    var holders = 2
    /// How many must hold what has a name.
    var quorum = 2
    var entriesMax = 5
    /// Whether a row may go only when its generation is old; both are right.
    var keepsYoungRows = false
    /// Whether states that differ in which holder has what are one; the numbers in a history then mean little.
    var areHoldersAlike = false
    var mistake: Mistake?

    private static let firstEpoch = 2
    private static let lastEpoch = 5

    enum Entry: UInt32 {
        case epochRaised = 1
        case unnamed, rowRemoved
        /// The digest is named, and its row has this generation.
        case named2, named3, named4, named5

        static func named(_ generation: Int) -> Entry? {
            Entry(rawValue: named2.rawValue + UInt32(generation - SweepModel.firstEpoch))
        }

        var generation: Int? {
            rawValue < Entry.named2.rawValue
                ? nil : Int(rawValue - Entry.named2.rawValue) + SweepModel.firstEpoch
        }
    }

    struct State: Hashable {
        /// Four bits for each entry, the first one lowest.
        var journal: UInt32 = 0
        /// The generations of copies and receipts: four bits for each holder.
        var copies: UInt16 = 0
        var receipts: UInt16 = 0
    }

    /// What the journal says up to a position.
    struct Catalog {
        var epoch = SweepModel.firstEpoch
        var row: Int?
        var isNamed = false

        mutating func apply(_ entry: Entry) {
            switch entry {
            case .epochRaised: epoch += 1
            case .unnamed: isNamed = false
            case .rowRemoved: row = nil
            case .named2, .named3, .named4, .named5:
                isNamed = true
                row = row ?? entry.generation
            }
        }
    }

    var initial: State { State() }

    func canonical(_ state: State) -> State {
        guard areHoldersAlike else { return state }
        var parts: [UInt16] = []
        for holder in 0..<holders {
            let shift = UInt16(4 * holder)
            let copies: UInt16 = state.copies >> shift & 15
            let receipts: UInt16 = state.receipts >> shift & 15
            parts.append((copies << 4) | receipts)
        }
        var canonical = State(journal: state.journal)
        for part in parts.sorted() {
            canonical.copies = (canonical.copies << 4) | (part >> 4)
            canonical.receipts = (canonical.receipts << 4) | (part & 15)
        }
        return canonical
    }

    func violation(in state: State) -> String? {
        guard let head = catalogs(of: state).last, head.isNamed, let row = head.row,
            count(state.copies, row) < quorum
        else { return nil }
        return "I7: named, and fewer than \(quorum) have .\(row)"
    }

    func addSteps(from state: State, to steps: inout Steps<State>) {
        let catalogs = catalogs(of: state)
        if catalogs.count <= entriesMax { addEntries(state, catalogs[catalogs.count - 1], &steps) }
        for holder in 0..<holders {
            addStoring(state, holder, catalogs, &steps)
            addDeleting(state, holder, catalogs, &steps)
        }
    }

    /// What can be decided at the head.
    private func addEntries(_ state: State, _ head: Catalog, _ steps: inout Steps<State>) {
        func add(_ entry: Entry?, _ name: @autoclosure () -> String) {
            guard let entry else { return }
            var next = state
            let place = (32 - state.journal.leadingZeroBitCount + 3) / 4
            next.journal |= entry.rawValue << UInt32(4 * place)
            steps.add("entry \(place + 1): \(name())", next)
        }
        if head.epoch < Self.lastEpoch { add(.epochRaised, "epoch \(head.epoch + 1)") }
        if head.isNamed {
            add(.unnamed, "the last name goes")
        } else if let row = head.row {
            add(Entry.named(row), "named by a mount, as .\(row)")
            if !keepsYoungRows || row <= head.epoch - 2 { add(.rowRemoved, "the row .\(row) goes") }
        } else {
            let young = max(head.epoch - 1, Self.firstEpoch)...head.epoch
            for generation in Self.firstEpoch...Self.lastEpoch
            where (mistake == .takesAnyGeneration || young.contains(generation))
                && count(state.receipts, generation) >= quorum
            {
                add(Entry.named(generation), "named with receipts of .\(generation)")
            }
        }
    }

    /// Uploads, links from older generations, repairs, and the receipts for what is there.
    private func addStoring(
        _ state: State,
        _ holder: Int,
        _ catalogs: [Catalog],
        _ steps: inout Steps<State>
    ) {
        for (position, catalog) in catalogs.enumerated() {
            let uploaded = bit(holder, catalog.epoch)
            if state.copies & uploaded == 0 {
                var next = state
                next.copies |= uploaded
                steps.add("h\(holder) stores .\(catalog.epoch) (its catalog at \(position))", next)
            }
            if let row = catalog.row, state.copies & bit(holder, row) == 0,
                count(state.copies, row) > 0
            {
                var next = state
                next.copies |= bit(holder, row)
                steps.add("h\(holder) is repaired with .\(row) (its catalog at \(position))", next)
            }
        }
        for generation in Self.firstEpoch...Self.lastEpoch {
            let own = bit(holder, generation)
            guard state.copies & own != 0, state.receipts & own == 0 else { continue }
            var next = state
            next.receipts |= own
            steps.add("h\(holder) gives its receipt for .\(generation)", next)
        }
    }

    private func addDeleting(
        _ state: State,
        _ holder: Int,
        _ catalogs: [Catalog],
        _ steps: inout Steps<State>
    ) {
        for generation in Self.firstEpoch...Self.lastEpoch {
            let own = bit(holder, generation)
            guard state.copies & own != 0 else { continue }
            for (position, catalog) in catalogs.enumerated()
            where mayDelete(generation, at: position, catalog, catalogs) {
                var next = state
                next.copies &= ~own
                steps.add("h\(holder) deletes .\(generation) (decided at \(position))", next)
                break
            }
        }
    }

    private func mayDelete(
        _ generation: Int,
        at position: Int,
        _ catalog: Catalog,
        _ catalogs: [Catalog]
    ) -> Bool {
        let isOld = generation <= catalog.epoch - 2
        if catalog.row != generation, isOld || mistake == .deletesYoung { return true }
        guard mistake == .replaysDeletes, isOld else { return false }
        return (0..<position).contains {
            catalogs[$0].row == generation && catalogs[$0 + 1].row == nil
        }
    }

    /// What the journal says at each position, from none on.
    private func catalogs(of state: State) -> [Catalog] {
        var catalog = Catalog()
        var catalogs = [catalog]
        var rest = state.journal
        while let entry = Entry(rawValue: rest & 15) {
            catalog.apply(entry)
            catalogs.append(catalog)
            rest >>= 4
        }
        return catalogs
    }

    private func bit(_ holder: Int, _ generation: Int) -> UInt16 {
        1 << UInt16(4 * holder + generation - Self.firstEpoch)
    }

    /// How many holders have a bit for a generation.
    private func count(_ bits: UInt16, _ generation: Int) -> Int {
        var count = 0
        for holder in 0..<holders where bits & bit(holder, generation) != 0 { count += 1 }
        return count
    }
}
